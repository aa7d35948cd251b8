/** What is wrong with a user's file: its text is what the build shows. Never leaves the package. */
export class ConversionError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ConversionError'
  }
}
