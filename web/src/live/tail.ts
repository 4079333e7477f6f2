// The one owner of the WebSocket: connects, hands on rows, and after a loss connects again where it stopped.
import type { TailFrame } from '../api/types'
import { rowsOf, type LineRow } from '../logs/row'
import type { Recent } from './recent'

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 10_000

export type TailState = 'connecting' | 'open' | 'waiting'

export interface TailEvents {
  rows(rows: LineRow[]): void
  /** The server could not keep up with this reader and left lines out. */
  dropped(count: number): void
  /** `reason`: what the server said when it hung up, if anything. */
  state(state: TailState, reason?: string): void
  reconnected(afterMs: number): void
}

export class Tail {
  #socket: WebSocket | null = null
  #timer: ReturnType<typeof setTimeout> | undefined
  #waitMs = FIRST_WAIT_MS
  #seq = ''
  #lostAtMs: number | null = null
  #stopped = false

  constructor(
    private readonly addressFrom: (startNs: string, resumeSeq: string) => URL,
    private readonly recent: Recent,
    private readonly fallbackNs: string,
    private readonly events: TailEvents,
  ) {
    this.#connect()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#socket?.close()
  }

  #connect(): void {
    this.events.state('connecting')
    const socket = new WebSocket(this.addressFrom(this.recent.resumeNs(this.fallbackNs), this.#seq))
    this.#socket = socket
    socket.onopen = () => this.#opened()
    socket.onmessage = (message) => this.#received(String(message.data))
    socket.onclose = (event) => this.#closed(event.reason)
  }

  #opened(): void {
    if (this.#stopped) return
    // A server that resumes by commit repeats nothing; any other starts a little earlier, to miss nothing.
    if (this.#seq === '') this.recent.expectRepeats()
    else this.recent.expectNone()
    this.#waitMs = FIRST_WAIT_MS
    this.events.state('open')
    if (this.#lostAtMs !== null) this.events.reconnected(Date.now() - this.#lostAtMs)
    this.#lostAtMs = null
  }

  #received(text: string): void {
    if (this.#stopped) return
    const frame = JSON.parse(text) as TailFrame
    const rows = this.recent.unseen(rowsOf(frame.streams ?? []))
    this.#seq = frame.seq ?? ''
    // Where the server remembers for us, remembering here would only cost.
    if (this.#seq === '') this.recent.add(rows)
    if (rows.length > 0) this.events.rows(rows)
    const dropped = frame.dropped_entries?.length ?? 0
    if (dropped > 0) this.events.dropped(dropped)
  }

  #closed(reason: string): void {
    if (this.#stopped) return
    this.#lostAtMs ??= Date.now()
    this.events.state('waiting', reason)
    this.#timer = setTimeout(() => this.#connect(), this.#waitMs)
    this.#waitMs = Math.min(this.#waitMs * 2, LONGEST_WAIT_MS)
  }
}
