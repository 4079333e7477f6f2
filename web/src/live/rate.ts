// Lines per second over the last few seconds.

const WINDOW_MS = 5000

export class Rate {
  #arrivals: { atMs: number; count: number }[] = []

  add(count: number, nowMs: number): void {
    this.#arrivals.push({ atMs: nowMs, count })
    this.#prune(nowMs)
  }

  perSecond(nowMs: number): number {
    this.#prune(nowMs)
    const total = this.#arrivals.reduce((sum, { count }) => sum + count, 0)
    return Math.round((total * 1000) / WINDOW_MS)
  }

  #prune(nowMs: number): void {
    while (this.#arrivals[0] && this.#arrivals[0].atMs <= nowMs - WINDOW_MS) this.#arrivals.shift()
  }
}
