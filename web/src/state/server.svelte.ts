// What the server knows beside lines: label values for the selects, findings of the range, alerts. Asked again
// every half minute while the page is looked at.
import { alerts, findings, labelNames, labelValues } from '../api/client'
import type { Alert, Finding } from '../api/types'
import { findingParams, type Range } from './range'

const EVERY_MS = 30_000

class ServerState {
  labels = $state.raw<readonly string[]>([])
  jobs = $state.raw<readonly string[]>([])
  hosts = $state.raw<readonly string[]>([])
  findings = $state.raw<readonly Finding[]>([])
  findingsError = $state('')
  findingsLoaded = $state(false)
  alerts = $state.raw<readonly Alert[]>([])
  alertsError = $state('')
  nowMs = $state(Date.now())

  #range: Range | null = null
  #word = ''
  #abort: AbortController | null = null

  start(): () => void {
    void this.#askLabels()
    void this.#askAlerts()
    const timer = setInterval(() => {
      if (!document.hidden) this.refresh()
    }, EVERY_MS)
    return () => clearInterval(timer)
  }

  refresh(): void {
    this.nowMs = Date.now()
    void this.#askLabels()
    void this.#askAlerts()
    if (this.#range) void this.askFindings(this.#range, this.#word)
  }

  async askFindings(range: Range, word: string): Promise<void> {
    this.#range = range
    this.#word = word
    this.#abort?.abort()
    const abort = new AbortController()
    this.#abort = abort
    try {
      this.findings = await findings(findingParams(range, word), abort.signal)
      this.findingsError = ''
      this.findingsLoaded = true
    } catch (error) {
      if (abort.signal.aborted) return
      this.findings = []
      this.findingsError = message(error)
    }
  }

  async #askAlerts(): Promise<void> {
    try {
      this.alerts = await alerts()
      this.alertsError = ''
    } catch (error) {
      this.alertsError = message(error)
    }
  }

  /** The selects are a convenience: without an answer they keep what they have, and the query says what is wrong. */
  async #askLabels(): Promise<void> {
    try {
      this.labels = await labelNames()
      this.jobs = this.labels.includes('job') ? await labelValues('job') : []
      this.hosts = this.labels.includes('host') ? await labelValues('host') : []
    } catch (error) {
      console.warn('whodid: labels:', message(error))
    }
  }
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

export const server = new ServerState()
