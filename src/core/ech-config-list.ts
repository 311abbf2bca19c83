// The list of configurations that a server publishes for ECH, as DNS has it. RFC 9849 §4.

import { ApiMisuseError } from '../base/errors.js'
import { asBytes, concat, fromBase64, type BytesLike } from '../base/bytes.js'

/** One configuration of a list. */
export interface EchConfig {
  /** 0xfe0d is RFC 9849's. */
  readonly version: number
  /** The server's number for it, if the version is RFC 9849's. */
  readonly configId: number | undefined
  /** A list of it alone. */
  readonly list: Uint8Array<ArrayBuffer>
}

/** RFC 9849 §4. */
export const ECH_VERSION = 0xfe0d

const [LENGTH_BYTES, HEADER_BYTES] = [2, 4]

/** What `ech=` of a DNS record (RFC 9848) stands for; bytes stay as they are. Throws `ERR_TLS_INVALID_ARGUMENT`. */
export function decodeEchConfigList(source: BytesLike | string): Uint8Array {
  if (typeof source !== 'string') return asBytes(source)
  try {
    return fromBase64(source)
  } catch {
    throw misformed('is not base64')
  }
}

/** The configurations, of whatever version. Throws `ERR_TLS_INVALID_ARGUMENT` unless they fill the list exactly. */
export function splitEchConfigList(list: Uint8Array): EchConfig[] {
  const view = new DataView(list.buffer, list.byteOffset, list.byteLength)
  if (list.byteLength < LENGTH_BYTES + HEADER_BYTES) throw misformed('is too short')
  if (view.getUint16(0) !== list.byteLength - LENGTH_BYTES) throw misformed('has another length than it says')
  const configs: EchConfig[] = []
  for (let at = LENGTH_BYTES; at < list.byteLength;) {
    if (list.byteLength - at < HEADER_BYTES) throw misformed('ends in the middle of a configuration')
    const version = view.getUint16(at)
    const end = at + HEADER_BYTES + view.getUint16(at + 2)
    if (end > list.byteLength) throw misformed('ends in the middle of a configuration')
    const config = list.subarray(at, end)
    configs.push({
      version,
      configId: version === ECH_VERSION ? config[HEADER_BYTES] : undefined,
      list: concat([Uint8Array.of(config.byteLength >> 8, config.byteLength & 0xff), config]),
    })
    at = end
  }
  return configs
}

/** The list in a PEM text (RFC 9934 §3), or `undefined`. */
export function echConfigListOfPem(pem: string): Uint8Array | undefined {
  const base64 = /-----BEGIN ECHCONFIG-----([^-]*)-----END ECHCONFIG-----/.exec(pem)?.[1]
  return base64 === undefined ? undefined : decodeEchConfigList(base64)
}

function misformed(how: string): ApiMisuseError {
  return new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', `this list of ECH configurations ${how}`)
}
