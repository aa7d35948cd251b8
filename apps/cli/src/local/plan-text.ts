import type { PlanReport, SecretReport, StageReport, StepReport } from '@waggle/control'
import { formatIssue, type LintFinding } from '@waggle/pipeline'
import { cleanLine } from '../clean-line.ts'
import { style, table } from '../print.ts'
import { duration } from '../progress/status-mark.ts'

const origins = {
  own: 'code of the repository',
  pull_request: 'a pull request of the repository',
  fork: "a fork's pull request",
} as const

/** A plan for people: a table for each stage, then what is skipped, exposed and wrong. */
export const planText = (report: PlanReport): string => {
  const branch = report.branch === '' ? '' : `, branch ${report.branch}`
  const head = `${report.event} of ${report.ref}${branch}: ${origins[report.origin]}`
  const parts = [
    head,
    ...report.stages.map(stageText),
    ...(report.reason === '' ? [] : [`no build: ${report.reason}`]),
    ...section(
      'skipped pipelines',
      report.skipped.map((one) => `${one.name}: ${one.reason}`),
    ),
    ...section('secrets', secretLines(report)),
    ...section('issues', report.issues.map(findingText)),
  ]
  return parts.map(clean).join('\n\n')
}

/** Names come from a file that nobody vouches for. */
const clean = (text: string): string =>
  text
    .split('\n')
    .flatMap((line) => cleanLine(line))
    .join('\n')

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`${title}\n${lines.map((line) => `  ${line}`).join('\n')}`]

const stageText = (stage: StageReport): string => {
  const facts = [
    `${stage.type}, ${stage.os}/${stage.arch}`,
    ...(stage.dependsOn.length > 0 ? [`after ${stage.dependsOn.join(', ')}`] : []),
    ...(stage.dependsOn.length > 0 ? [whenText(stage)] : []),
    ...Object.entries(stage.labels).map(([name, value]) => `${name}=${value}`),
    ...(stage.retries > 0 ? [triesText(stage.retries)] : []),
    ...(stage.limit > 0 ? [`at most ${stage.limit} at once`] : []),
  ]
  const lines = [
    style(
      'bold',
      `stage ${stage.number} ${stage.name}: ${statusText(stage)} (${facts.join('; ')})`,
    ),
    ...(stage.error === '' ? [] : [`  ${stage.error.replaceAll('\n', '\n  ')}`]),
    ...stage.warnings.map((warning) => `  warning: ${warning}`),
    ...(stage.steps.length === 0 ? [] : [indent(table(stage.steps.map(stepRow)))]),
  ]
  return lines.join('\n')
}

const statusText = ({ status, blocked, error }: StageReport): string => {
  if (error !== '') return 'would end in error'
  if (status === 'blocked') return `blocked, ${blocked}`
  return status === 'pending' ? 'would start' : 'would wait'
}

const whenText = ({ onSuccess, onFailure }: StageReport): string => {
  if (onSuccess && onFailure) return 'whatever their result'
  if (onFailure) return 'if one failed'
  return onSuccess ? 'if none failed' : 'never'
}

const runs = {
  'on-success': 'runs',
  'on-failure': 'runs after a failure',
  always: 'runs always',
  never: 'skipped',
} as const

const stepRow = (step: StepReport): string[] => {
  const facts = [
    ...(step.detach ? ['in the background'] : []),
    ...(step.privileged ? ['privileged'] : []),
    ...(step.isAwaited ? ['waited for until ready'] : []),
    ...(step.timeoutMs > 0 ? [`at most ${duration(step.timeoutMs / 1_000)}`] : []),
    ...(step.retries > 0 ? [triesText(step.retries)] : []),
    ...(step.dependsOn.length > 0 ? [`after ${step.dependsOn.join(', ')}`] : []),
    ...(step.skipped === '' ? [] : [step.skipped]),
  ]
  const number = step.number === 0 ? '-' : String(step.number)
  return [number, step.name, step.image, runs[step.runs], facts.join('; ')]
}

const triesText = (retries: number): string =>
  retries === 1 ? 'one more try' : `up to ${retries} more tries`

const indent = (text: string): string =>
  text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')

const secretLines = ({ stages }: PlanReport): string[] =>
  stages.flatMap((stage) => [
    ...stage.steps.flatMap((step) =>
      step.secrets.map((secret) => secretLine(`${stage.name}/${step.name}`, secret)),
    ),
    ...stage.pullSecrets.map((secret) => secretLine(`${stage.name}, to pull images`, secret)),
  ])

const secretLine = (where: string, { name, variable, state, reason }: SecretReport): string => {
  const as = variable === '' ? '' : ` as $${variable}`
  return `${where}: ${name}${as}: ${state}${reason === '' ? '' : `, ${reason}`}`
}

/** One line: place, what is wrong, and what it does. */
export const findingText = (finding: LintFinding): string => {
  const effects = {
    build: '',
    stage: ` (ends pipeline ${finding.pipeline} only)`,
    nothing: ' (warning)',
  }
  return clean(`${formatIssue(finding)}${effects[finding.ends]}`)
}
