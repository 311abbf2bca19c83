// Colours on a terminal, and none anywhere else (https://no-color.org). node:util's styleText is not in every Node 20.

export type Colour = 'red' | 'green' | 'yellow' | 'bold' | 'dim'

const codes: Readonly<Record<Colour, readonly [on: number, off: number]>> = {
  red: [31, 39], green: [32, 39], yellow: [33, 39], bold: [1, 22], dim: [2, 22],
}

export type Style = (colour: Colour, text: string) => string

export function styleFor(stream: { readonly isTTY?: boolean }): Style {
  const { NO_COLOR, TERM } = process.env
  if (!stream.isTTY || (NO_COLOR !== undefined && NO_COLOR !== '') || TERM === 'dumb') return (_colour, text) => text
  return (colour, text) => `\x1b[${codes[colour][0]}m${text}\x1b[${codes[colour][1]}m`
}
