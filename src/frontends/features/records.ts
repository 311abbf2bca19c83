// Record sizes and padding.

import { isIntegerFrom, isOneOf, type Feature } from './feature.js'

/** What RFC 6066 §4 can name. */
export type MaxFragmentLength = 512 | 1024 | 2048 | 4096

export interface RecordOptions {
  /** The most plaintext that goes into one record of ours: 512 to 16,384. Default 16,384. */
  readonly maxSendFragmentBytes?: number | undefined
  /**
   * Pads the plaintext of our TLS 1.3 records to a multiple of so many bytes, 1 to 16,384, so that an observer learns less of its
   * length (RFC 8446 §5.4). Default: none. TLS 1.2 has no padding.
   */
  readonly recordPaddingBytes?: number | undefined
}

export interface ClientRecordOptions {
  /**
   * Asks for records of so many bytes of plaintext at most, both ways (RFC 6066 §4). Servers need not know this:
   * `maxFragmentLength` of {@link ConnectionInfo} tells. Default: not asked for. A server of ours does as it is asked.
   */
  readonly maxFragmentLength?: MaxFragmentLength | undefined
}

/** By `TLSEXT_max_fragment_length_…`, the numbers of RFC 6066 §4: 0 is for none. */
export const maxFragmentLengths: readonly (MaxFragmentLength | undefined)[] = [undefined, 512, 1024, 2048, 4096]

export const records: Feature<RecordOptions> = {
  checks: { maxSendFragmentBytes: isIntegerFrom(512, 16_384), recordPaddingBytes: isIntegerFrom(1, 16_384) },
  setUpCtx(ctx, { maxSendFragmentBytes, recordPaddingBytes }) {
    if (maxSendFragmentBytes !== undefined) ctx.setMaxSendFragment(maxSendFragmentBytes)
    if (recordPaddingBytes !== undefined) ctx.setBlockPadding(recordPaddingBytes)
  },
}

export const clientRecords: Feature<ClientRecordOptions> = {
  checks: { maxFragmentLength: isOneOf(512, 1024, 2048, 4096) },
  setUpCtx(ctx, { maxFragmentLength }) {
    if (maxFragmentLength !== undefined) ctx.setTlsextMaxFragmentLength(maxFragmentLengths.indexOf(maxFragmentLength))
  },
}
