export function wasmUrl(): URL
