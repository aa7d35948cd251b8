/** What is asked of a service until it is ready. */
export type Probe =
  /** Runs in the service's container; ready when it exits 0. */
  | { readonly kind: 'command'; readonly command: readonly string[] }
  /** Ready when something listens on the port, on more than loopback. */
  | { readonly kind: 'port'; readonly port: number }
  /** Ready when a GET is answered with a status from 200 to 399. */
  | { readonly kind: 'http'; readonly port: number; readonly path: string }

/** How a service is asked whether it is ready, before the steps that need it start. */
export interface Healthcheck {
  readonly probe: Probe
  readonly intervalMs: number
  /** How long one probe may take. */
  readonly timeoutMs: number
  /** So many failed probes in a row mean that it will never be ready. */
  readonly retries: number
  /** Failures in this time after the start do not count. */
  readonly startPeriodMs: number
}

/** Answer of one probe. `detail` says what was seen, for the text of the error; it may quote secrets. */
export interface ProbeResult {
  readonly isReady: boolean
  readonly detail: string
}
