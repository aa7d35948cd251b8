/** A docker pipeline of busybox steps, as text. JSON is YAML, so nothing needs quoting by hand. */
export interface StepText {
  readonly name: string
  readonly commands?: readonly string[]
  readonly [key: string]: unknown
}

export interface PipelineOptions {
  readonly name?: string
  readonly type?: 'docker' | 'exec'
  readonly clone?: boolean
  readonly [key: string]: unknown
}

export const pipelineText = (steps: readonly StepText[], options: PipelineOptions = {}): string => {
  const { clone = false, type = 'docker', name = 'default', ...more } = options
  const image = type === 'docker' ? { image: 'waggle/busybox:1' } : {}
  return `${JSON.stringify({
    kind: 'pipeline',
    type,
    name,
    clone: { disable: !clone },
    steps: steps.map((step) => ({ ...image, ...step })),
    ...more,
  })}\n`
}

/** A pipeline with one step. */
export const oneStep = (commands: readonly string[], options: PipelineOptions = {}): string =>
  pipelineText([{ name: 'only', commands }], options)
