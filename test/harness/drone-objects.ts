/** A field's type as Drone's clients decode it; `o` after it: left out when it is empty. */
type FieldType = 'int' | 'str' | 'bool' | '[str]' | '{str:str}' | 'object' | '[object]'
export type DroneObject = Readonly<Record<string, FieldType | `${FieldType} o`>>

/** rest-api.md §6.3 */
export const droneRepo: DroneObject = {
  id: 'int',
  uid: 'str',
  user_id: 'int',
  namespace: 'str',
  name: 'str',
  slug: 'str',
  scm: 'str',
  git_http_url: 'str',
  git_ssh_url: 'str',
  link: 'str',
  default_branch: 'str',
  private: 'bool',
  visibility: 'str',
  active: 'bool',
  config_path: 'str',
  trusted: 'bool',
  protected: 'bool',
  ignore_forks: 'bool',
  ignore_pull_requests: 'bool',
  auto_cancel_pull_requests: 'bool',
  auto_cancel_pushes: 'bool',
  auto_cancel_running: 'bool',
  timeout: 'int',
  throttle: 'int o',
  counter: 'int',
  synced: 'int',
  created: 'int',
  updated: 'int',
  version: 'int',
  build: 'object o',
  permissions: 'object o',
  archived: 'bool',
}

/** rest-api.md §6.4 */
export const droneBuild: DroneObject = {
  id: 'int',
  repo_id: 'int',
  trigger: 'str',
  number: 'int',
  parent: 'int o',
  status: 'str',
  error: 'str o',
  event: 'str',
  action: 'str',
  link: 'str',
  timestamp: 'int',
  title: 'str o',
  message: 'str',
  before: 'str',
  after: 'str',
  ref: 'str',
  source_repo: 'str',
  source: 'str',
  target: 'str',
  author_login: 'str',
  author_name: 'str',
  author_email: 'str',
  author_avatar: 'str',
  sender: 'str',
  params: '{str:str} o',
  cron: 'str o',
  deploy_to: 'str o',
  deploy_id: 'int o',
  debug: 'bool o',
  started: 'int',
  finished: 'int',
  created: 'int',
  updated: 'int',
  version: 'int',
  stages: '[object] o',
}

/** rest-api.md §6.5 */
export const droneStage: DroneObject = {
  id: 'int',
  repo_id: 'int',
  build_id: 'int',
  number: 'int',
  name: 'str',
  kind: 'str o',
  type: 'str o',
  status: 'str',
  error: 'str o',
  errignore: 'bool',
  exit_code: 'int',
  machine: 'str o',
  os: 'str',
  arch: 'str',
  variant: 'str o',
  kernel: 'str o',
  limit: 'int o',
  throttle: 'int o',
  started: 'int',
  stopped: 'int',
  created: 'int',
  updated: 'int',
  version: 'int',
  on_success: 'bool',
  on_failure: 'bool',
  depends_on: '[str] o',
  labels: '{str:str} o',
  steps: '[object] o',
}

/** rest-api.md §6.6 */
export const droneStep: DroneObject = {
  id: 'int',
  step_id: 'int',
  number: 'int',
  name: 'str',
  status: 'str',
  error: 'str o',
  errignore: 'bool o',
  exit_code: 'int',
  started: 'int o',
  stopped: 'int o',
  version: 'int',
  depends_on: '[str] o',
  image: 'str o',
  detached: 'bool o',
  schema: 'str o',
}

/** rest-api.md §6.7 */
export const droneLine: DroneObject = { pos: 'int', out: 'str', time: 'int' }

/** rest-api.md §6.8 */
export const droneSecret: DroneObject = {
  id: 'int o',
  repo_id: 'int o',
  namespace: 'str o',
  name: 'str o',
  type: 'str o',
  pull_request: 'bool o',
  pull_request_push: 'bool o',
}

/** rest-api.md §6.12 */
export const droneRow: DroneObject = {
  ...Object.fromEntries(
    [
      'repo_namespace repo_name repo_slug build_author build_author_name build_author_email',
      'build_author_avatar build_sender stage_name stage_kind stage_type stage_status stage_machine',
      'stage_os stage_arch stage_variant stage_kernel stage_limit stage_limit_repo',
    ]
      .join(' ')
      .split(' ')
      .map((name) => [name, 'str']),
  ),
  ...Object.fromEntries(
    [
      'build_number build_started build_finished build_created build_updated',
      'stage_started stage_stopped',
    ]
      .join(' ')
      .split(' ')
      .map((name) => [name, 'int']),
  ),
}

/** What a client of Drone could not read in that value; empty: nothing. Fields that it does not know are no matter. */
export const misfits = (value: unknown, wanted: DroneObject): readonly string[] => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return ['not an object']
  const members = value as Readonly<Record<string, unknown>>
  return Object.entries(wanted).flatMap(([name, type]) => {
    const isOptional = type.endsWith(' o')
    const plain = type.replace(' o', '') as FieldType
    const member = members[name]
    if (member === undefined) return isOptional ? [] : [`${name} is missing`]
    if (!fits(member, plain)) return [`${name} is no ${plain}: ${JSON.stringify(member)}`]
    return isOptional && isEmpty(member) ? [`${name} is empty, and there`] : []
  })
}

const isEmpty = (value: unknown): boolean =>
  value === 0 ||
  value === '' ||
  value === false ||
  (typeof value === 'object' && Object.keys(value ?? {}).length === 0)

const fits = (value: unknown, type: FieldType): boolean => {
  switch (type) {
    case 'int':
      return Number.isSafeInteger(value)
    case 'str':
      return typeof value === 'string'
    case 'bool':
      return typeof value === 'boolean'
    case '[str]':
      return Array.isArray(value) && value.every((one) => typeof one === 'string')
    case '[object]':
      return Array.isArray(value) && value.every((one) => fits(one, 'object'))
    case '{str:str}':
      return fits(value, 'object') && fits(Object.values(value as object), '[str]')
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
  }
}
