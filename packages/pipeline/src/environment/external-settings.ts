import type { Given, SpecSecret } from '@waggle/domain'
import type { CompileSettings } from '../compile/compile-settings.ts'
import { registryAddress } from '../secrets/registry-auth.ts'

/** The worker's settings with what the operator's extensions give to this stage: variables above the worker's own
 *  (environment.md §14.1), registries after them. Where one of the two sources of registries failed, neither counts
 *  (pipeline.md §12.8). */
export const externalSettings = (
  { external }: Pick<Given, 'external'>,
  settings: CompileSettings,
): CompileSettings => {
  if (external === undefined) return settings
  const plain = external.environment.filter(({ isMasked }) => !isMasked)
  const isLost = settings.registries === null || external.isRegistryLost === true
  return {
    ...settings,
    environment: {
      ...settings.environment,
      ...Object.fromEntries(plain.map(({ name, value }) => [name, value])),
    },
    registries: isLost
      ? []
      : [
          ...(settings.registries ?? []),
          ...external.registries.map((one) => ({ ...one, address: registryAddress(one.address) })),
        ],
  }
}

/** Masked variables of the environment extension: secrets of every step, under their own names (pipeline.md §12.11). */
export const maskedVariables = ({ external }: Pick<Given, 'external'>): readonly SpecSecret[] =>
  (external?.environment ?? [])
    .filter(({ isMasked }) => isMasked)
    .map(({ name, value }) => ({ name, env: name, value: value.replaceAll('\u0000', '') }))
