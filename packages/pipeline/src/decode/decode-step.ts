import { decodeConditions } from '../conditions/decode-conditions.ts'
import type { PipelineStep, StepMount, StepSetting, StepVariable } from '../manifest.ts'
import type { YamlNode } from '../yaml/yaml-node.ts'
import { decodeKubernetesContainer } from './decode-kubernetes.ts'
import { decodeLegacyKeys } from './decode-legacy-keys.ts'
import { decodeWaggleStep } from './decode-waggle-step.ts'
import { type Fields, sourceText } from './fields.ts'

/** One entry of `steps` or `services` (pipeline.md §5.6). */
export const decodeStep = (
  fields: Fields,
  { isKubernetes, isService }: { readonly isKubernetes: boolean; readonly isService: boolean },
): PipelineStep => {
  decodeLegacyKeys(fields)
  const environment = fields.fields('environment')
  return {
    name: fields.str('name'),
    image: fields.str('image'),
    commands: fields.strs('commands'),
    command: fields.strs('command'),
    entrypoint: fields.strs('entrypoint'),
    environment: decodeEnvironment(environment),
    environmentKeys: [...(environment?.map.entries.keys() ?? [])],
    settings: decodeSettings(fields.fields('settings')),
    when: decodeConditions(fields, 'when'),
    dependsOn: fields.strs('depends_on'),
    detach: fields.bool('detach'),
    failure: fields.str('failure'),
    pull: fields.str('pull'),
    privileged: fields.bool('privileged'),
    user: fields.str('user'),
    workingDir: fields.str('working_dir'),
    volumes: decodeMounts(fields, 'volumes'),
    devices: decodeMounts(fields, 'devices'),
    dns: fields.strs('dns'),
    dnsSearch: fields.strs('dns_search'),
    extraHosts: fields.strs('extra_hosts'),
    networkMode: fields.str('network_mode'),
    shmBytes: fields.size('shm_size'),
    memoryBytes: fields.size('mem_limit'),
    memorySwapBytes: fields.size('memswap_limit'),
    kubernetes: isKubernetes ? decodeKubernetesContainer(fields) : null,
    waggle: decodeWaggleStep(fields, isService),
  }
}

const decodeMounts = (fields: Fields, key: 'volumes' | 'devices'): StepMount[] =>
  fields.list(key).flatMap((mount) => (mount === null ? [] : [decodeMount(mount)]))

const decodeMount = (fields: Fields): StepMount => ({
  name: fields.str('name'),
  path: fields.str('path'),
  subPath: fields.ofStage().str('sub_path'),
})

/** A null variable is left out; a mapping without value and secret is the empty text (pipeline.md §5.6.3). */
const decodeEnvironment = (fields: Fields | null): Record<string, StepVariable> => {
  const pairs: [string, StepVariable][] = []
  for (const name of fields?.map.entries.keys() ?? []) {
    const variable = fields?.allows(name) ? decodeVariable(fields, name) : null
    if (variable !== null) pairs.push([name, variable])
  }
  return Object.fromEntries(pairs)
}

/** A text, or a mapping with the name of a secret (pipeline.md §5.6.3); `null` = not written, or no variable. */
export const decodeVariable = (fields: Fields, name: string): StepVariable | null => {
  const node = fields.node(name)
  if (node === null) return null
  if (node.kind === 'scalar') return literal(sourceText(node))
  if (node.kind === 'list') {
    fields.mismatch(name, 'string')
    return null
  }
  const inner = fields.fields(name)
  const secret = inner?.str('from_secret') ?? ''
  const value = inner?.str('value') ?? ''
  return secret.trim() === '' ? literal(value) : { kind: 'secret', secret }
}

const literal = (value: string): StepVariable => ({ kind: 'literal', value })

/** A secret only at the top level of a setting; any other value is literal (pipeline.md §5.6.4). */
const decodeSettings = (fields: Fields | null): Record<string, StepSetting> => {
  const pairs: [string, StepSetting][] = []
  for (const name of fields?.map.entries.keys() ?? []) {
    const node = fields?.node(name) ?? null
    if (node === null || fields?.allows(name) !== true) continue
    const secret = secretOf(node)
    pairs.push([name, secret === '' ? { kind: 'literal', node } : { kind: 'secret', secret }])
  }
  return Object.fromEntries(pairs)
}

const secretOf = (node: YamlNode): string => {
  const value = node.kind === 'map' ? node.entries.get('from_secret')?.value : undefined
  const name = value?.kind === 'scalar' ? sourceText(value) : ''
  return name.trim() === '' ? '' : name
}
