import { createHash } from 'node:crypto'
import type { Labels } from '@waggle/domain'
import type { RecentStage } from './recent-stages.ts'

/** What the status page shows of the worker. */
export interface WorkerStatus {
  readonly name: string
  readonly workerId: string
  readonly version: string
  readonly type: string
  readonly platform: string
  readonly labels: Labels
  readonly server: string
  readonly slots: number
  readonly held: number
  readonly accepted: number
  /** Since when the process runs, milliseconds since 1970. */
  readonly startedAt: number
  readonly nowMs: number
  readonly isDraining: boolean
  readonly isStopping: boolean
  readonly reaches: { readonly api: boolean; readonly redis: boolean; readonly engine: boolean }
}

const style = `
:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}
body{margin:2rem auto;max-width:70rem;padding:0 1rem}
nav a{margin-right:1rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #8884;vertical-align:top}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1.5rem}
dd{margin:0;overflow-wrap:anywhere}
pre{white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.5 ui-monospace,monospace}
.bad{color:#c62828;font-weight:600}
.good{color:#2e7d32}`

/** Lets the page's own style in and nothing else: no script, no frame, no form, nothing from elsewhere. */
export const statusPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** The worker and its stages. Every text on it may come from a stranger's file. */
export const overviewPage = (status: WorkerStatus, stages: readonly RecentStage[]): string => {
  const { reaches } = status
  const labels = Object.entries(status.labels).map(([key, value]) => `${key}=${value}`)
  const facts: readonly (readonly [string, Html])[] = [
    ['State', stateOf(status)],
    ['Slots', html`${status.held} of ${status.slots} in use, ${status.accepted} stages accepted`],
    ['API', html`${reach(reaches.api)} ${status.server}`],
    ['Redis', reach(reaches.redis)],
    ['Engine', html`${reach(reaches.engine)} ${status.type}`],
    ['Platform', html`${status.platform}`],
    ['Labels', html`${labels.length === 0 ? 'none' : labels.join(', ')}`],
    ['Worker', html`${status.name}, ${status.workerId}`],
    ['Version', html`${status.version}`],
    ['Running since', html`${time(status.startedAt)}`],
  ]
  return page(
    `${status.name}: worker`,
    html`
<h1>${status.name}</h1>
<dl>${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
<h2>Stages</h2>
${stages.length === 0 ? html`<p>None yet.</p>` : stageTable(stages, status.nowMs)}`,
  )
}

/** The last lines of the process's log, the newest first. */
export const logPage = (name: string, lines: readonly string[]): string =>
  page(
    `${name}: log`,
    html`
<h1>Log of ${name}</h1>
<p>The last ${lines.length} lines, newest first.</p>
<pre>${lines.toReversed().join('\n')}</pre>`,
  )

const page = (title: string, body: Html): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="10">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body>
<nav><a href="/">Stages</a><a href="/logs">Log</a></nav>
${body}
</body>
</html>
`.text

const stageTable = (stages: readonly RecentStage[], nowMs: number): Html => html`<table>
<thead><tr><th>Repository</th><th>Build</th><th>Stage</th><th>Event</th><th>State</th><th>Started</th><th>Took</th></tr></thead>
<tbody>${stages.map((stage) => stageRow(stage, nowMs))}</tbody>
</table>`

const stageRow = (stage: RecentStage, nowMs: number): Html => html`
<tr><td>${stage.repo}</td><td>${stage.build}</td><td>${stage.stage} ${stage.name}</td><td>${stage.event}</td><td>${stage.status}</td><td>${time(stage.startedAt)}</td><td>${seconds((stage.stoppedAt || nowMs) - stage.startedAt)}</td></tr>`

const stateOf = ({ isStopping, isDraining, reaches, held, slots }: WorkerStatus): Html => {
  if (isStopping) return html`stopping: nothing new is taken`
  if (isDraining) return html`${held > 0 ? 'draining' : 'drained'}: nothing new is taken`
  if (!reaches.engine)
    return html`<span class="bad">nothing is taken: the engine does not answer</span>`
  return html`${held >= slots ? 'all slots busy' : 'takes stages'}`
}

const reach = (isReached: boolean): Html =>
  isReached
    ? html`<span class="good">answers</span>`
    : html`<span class="bad">does not answer</span>`

const time = (ms: number): string =>
  ms === 0 ? '' : new Date(ms).toISOString().replace('T', ' ').slice(0, 19)

const seconds = (ms: number): string => `${Math.max(0, Math.round(ms / 1_000))} s`

/** Text that is markup already. Everything else is escaped on its way into it. */
class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

const html = (
  parts: TemplateStringsArray,
  ...values: readonly (Html | readonly Html[] | string | number)[]
): Html => new Html(parts.map((part, i) => part + insert(values[i] ?? '')).join(''))

const insert = (value: Html | readonly Html[] | string | number): string => {
  if (value instanceof Html) return value.text
  if (typeof value === 'object') return value.map(({ text }) => text).join('')
  return (
    String(value)
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&#39;')
      // What else a browser or a terminal might act on.
      .replace(/[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')
  )
}
