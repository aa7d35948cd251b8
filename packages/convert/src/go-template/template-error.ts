/** A mistake in a template, at an offset of its text. The caller makes a place of it. */
export class TemplateError extends Error {
  readonly at: number

  constructor(message: string, at: number) {
    super(message)
    this.name = 'TemplateError'
    this.at = at
  }
}
