export { createExtensions, type ExtensionSettings } from './create-extensions.ts'
export { createWebhookReceivers, type WebhookSettings } from './create-webhook-receivers.ts'
export type { Endpoint } from './endpoint.ts'
export type { Shapes } from './question.ts'
