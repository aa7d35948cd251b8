export interface UpOptions {
  /** Top of the checkout. */
  readonly root: string
  /** Folder of all data; kept for the next start. */
  readonly data: string
  readonly port: number
  readonly slots: number
  readonly engine: 'auto' | 'docker' | 'exec'
  readonly socket: string
  readonly demo: boolean
  /** End after the demo instead of staying. */
  readonly once: boolean
  readonly say: (text: string) => void
}
