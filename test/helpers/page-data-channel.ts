// A page's RTCDataChannel, as far as it is seen: open, and driven by hand.

export class PageDataChannel extends EventTarget {
  binaryType = 'blob'
  bufferedAmountLowThreshold = 0
  bufferedAmount = 0
  readyState: 'connecting' | 'open' | 'closing' | 'closed' = 'open'
  readonly ordered = true
  readonly maxRetransmits = null
  readonly maxPacketLifeTime = null
  readonly sent: unknown[] = []

  send(data: unknown): void { this.sent.push(data) }

  close(): void {
    if (this.readyState === 'open') this.readyState = 'closing'
  }

  receive(data: unknown): void { this.dispatchEvent(Object.assign(new Event('message'), { data })) }

  nowClosed(): void {
    this.readyState = 'closed'
    this.dispatchEvent(new Event('close'))
  }
}
