// The lines on the page: one stored query, then a live tail that carries on from it. Holds what arrives while
// the reader has paused, and counts it.
import { queryLines, tailAddress } from '../api/client'
import { Rate } from '../live/rate'
import { Recent } from '../live/recent'
import { Ring } from '../live/ring'
import { Tail, type TailState } from '../live/tail'
import { bounds, type Range } from '../state/range'
import { levelMark } from './level'
import { attribute, compareNs, mark, msToNs, rowsOf, type LineRow, type Row } from './row'

export const PAGE_LINES = 20_000
const QUERY_LINES = 1000
const BACKFILL_LINES = 5000
const ANNOUNCE_EVERY_MS = 10_000

/** Why the list stands still; only what scrolling paused is resumed by scrolling. */
export type PauseReason = 'scroll' | 'key' | 'row'
export type Phase = 'loading' | TailState | 'fixed' | 'failed'

export interface Ask {
  readonly query: string
  readonly range: Range
}

export class Logs {
  readonly ring = new Ring<Row>(PAGE_LINES)
  readonly #pending = new Ring<Row>(PAGE_LINES)
  /** Rises with every change of the ring, which is too big to be observed item by item. */
  version = $state(0)
  phase = $state<Phase>('loading')
  error = $state('')
  /** Why the server ended the tail, in its words. */
  hangUpReason = $state('')
  warnings = $state.raw<readonly string[]>([])
  paused = $state<PauseReason | null>(null)
  waiting = $state(0)
  rate = $state(0)
  /** Lines the server says it left out of the tail. */
  serverDropped = $state(0)
  /** More lines lie before the oldest one shown. */
  moreBefore = $state(false)
  loadingOlder = $state(false)
  announcement = $state('')

  #ask: Ask | null = null
  #fromNs = '0'
  #abort: AbortController | null = null
  #tail: Tail | null = null
  #arrived: Row[] = []
  #flushing = false
  #rate = new Rate()
  #news = { lines: 0, errors: 0 }

  async run(ask: Ask): Promise<void> {
    this.stop()
    this.#ask = ask
    this.phase = 'loading'
    const abort = new AbortController()
    this.#abort = abort
    const nowMs = Date.now()
    const { fromMs, toMs } = bounds(ask.range, nowMs)
    this.#fromNs = msToNs(fromMs)
    const line = { query: ask.query, startNs: this.#fromNs, endNs: msToNs(toMs + 1), limit: QUERY_LINES }
    try {
      const answer = await queryLines(line, abort.signal)
      this.#begin(ask, rowsOf(answer.streams), toMs)
      this.warnings = answer.warnings
    } catch (error) {
      if (!abort.signal.aborted) this.#fail(error)
    }
  }

  #begin(ask: Ask, rows: LineRow[], toMs: number): void {
    this.#reset()
    this.ring.push(rows)
    this.moreBefore = rows.length >= QUERY_LINES
    this.version++
    if (ask.range.kind === 'fixed') {
      this.phase = 'fixed'
      return
    }
    const recent = new Recent()
    recent.add(rows)
    this.#tail = new Tail((startNs, seq) => tailAddress(ask.query, startNs, BACKFILL_LINES, seq), recent, msToNs(toMs - 5000), {
      rows: (arrived) => this.#take(arrived),
      dropped: (count) => {
        this.serverDropped += count
        this.#take([mark(`The server left out ${count.toLocaleString('en')} lines here: this page could not keep up.`)])
      },
      state: (state, reason) => {
        this.phase = state
        this.hangUpReason = reason ?? ''
      },
      reconnected: (afterMs) => this.#take([mark(`Connected again after ${Math.max(1, Math.round(afterMs / 1000))} s.`)]),
    })
  }

  #fail(error: unknown): void {
    this.#reset()
    this.version++
    this.phase = 'failed'
    this.error = error instanceof Error ? error.message : String(error)
  }

  #reset(): void {
    this.ring.clear()
    this.#pending.clear()
    this.#arrived = []
    this.#news = { lines: 0, errors: 0 }
    this.error = ''
    this.hangUpReason = ''
    this.warnings = []
    this.paused = null
    this.waiting = 0
    this.serverDropped = 0
    this.moreBefore = false
  }

  stop(): void {
    this.#abort?.abort()
    this.#tail?.stop()
    this.#tail = null
  }

  #take(rows: Row[]): void {
    const lines = rows.filter((row) => row.kind === 'line')
    this.#rate.add(lines.length, Date.now())
    this.#news.lines += lines.length
    for (const row of lines) if (levelMark(attribute(row, 'detected_level')).tone === 'danger') this.#news.errors++
    for (const row of rows) this.#arrived.push(row)
    if (this.#flushing) return
    this.#flushing = true
    // A hidden page gets no animation frames, and must not pile up lines either.
    if (document.hidden) setTimeout(() => this.#flush(), 500)
    else requestAnimationFrame(() => this.#flush())
  }

  #flush(): void {
    this.#flushing = false
    const rows = this.#arrived
    this.#arrived = []
    if (this.paused) {
      this.#pending.push(rows)
      this.waiting = this.#pending.length + this.#pending.dropped
    } else if (rows.length > 0) {
      this.ring.push(rows)
      this.version++
    }
  }

  get live(): boolean {
    return this.phase === 'open' || this.phase === 'connecting' || this.phase === 'waiting'
  }

  pause(reason: PauseReason): void {
    if (this.live && !this.paused) this.paused = reason
  }

  resume(): void {
    if (!this.paused) return
    this.paused = null
    this.waiting = 0
    const { dropped } = this.#pending
    const rows = this.#pending.drain()
    if (dropped > 0) this.ring.push([mark(`${dropped.toLocaleString('en')} lines passed here while paused; run the query to see them.`)])
    this.ring.push(rows)
    this.version++
  }

  /** A fresh start for the eye; nothing is deleted anywhere but on this page. */
  clear(): void {
    this.ring.clear()
    this.ring.push([mark('Cleared here. The lines are still stored; run the query to see them again.')])
    this.moreBefore = false
    this.version++
  }

  async loadOlder(): Promise<void> {
    const oldest = this.#oldest()
    if (!this.#ask || !oldest || this.loadingOlder) return
    this.loadingOlder = true
    const endNs = String(BigInt(oldest.ns) + 1n)
    const ask = { query: this.#ask.query, startNs: this.#fromNs, endNs, limit: QUERY_LINES }
    try {
      const answer = await queryLines(ask, this.#abort?.signal)
      const found = rowsOf(answer.streams, 'older')
      const known = new Recent()
      known.add(this.#rowsAt(oldest.ns))
      known.expectRepeats()
      const fresh = known.unseen(found)
      const kept = this.ring.prepend(fresh)
      this.moreBefore = kept > 0 && kept === fresh.length && found.length >= QUERY_LINES
      this.version++
    } catch (error) {
      if (!this.#abort?.signal.aborted) this.error = error instanceof Error ? error.message : String(error)
    } finally {
      this.loadingOlder = false
    }
  }

  #oldest(): LineRow | null {
    for (let i = 0; i < this.ring.length; i++) {
      const row = this.ring.at(i)
      if (row?.kind === 'line') return row
    }
    return null
  }

  #rowsAt(ns: string): LineRow[] {
    const rows: LineRow[] = []
    for (let i = 0; i < this.ring.length; i++) {
      const row = this.ring.at(i)
      if (row?.kind !== 'line') continue
      if (compareNs(row.ns, ns) > 0) break
      rows.push(row)
    }
    return rows
  }

  /** Keeps the rate fresh and, now and then, says in one sentence what arrived. */
  startClock(): () => void {
    const rate = setInterval(() => (this.rate = this.#rate.perSecond(Date.now())), 1000)
    const news = setInterval(() => {
      const { lines, errors } = this.#news
      this.#news = { lines: 0, errors: 0 }
      if (lines > 0) this.announcement = `${lines} new lines${errors > 0 ? `, ${errors} errors` : ''}`
    }, ANNOUNCE_EVERY_MS)
    return () => {
      clearInterval(rate)
      clearInterval(news)
    }
  }
}
