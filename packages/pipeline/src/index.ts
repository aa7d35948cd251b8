export { cacheOwner, cacheVolume } from './compile/cache-volume.ts'
export type { CompileResult } from './compile/compile-result.ts'
export { type CompileSettings, defaultCompileSettings } from './compile/compile-settings.ts'
export { type DebugSession, debugFolder, debugSession } from './compile/debug-session.ts'
export { execCloneCommands } from './compile/exec-clone-commands.ts'
export { stepEdges } from './compile/graph.ts'
export { type ExpandedImage, expandImage } from './compile/image-name.ts'
export { assignNamespaces } from './compile/namespaces.ts'
export { type PreparedStage, prepareStage } from './compile/prepare-stage.ts'
export { printSpec } from './compile/print-spec.ts'
export { isPrivilegedPlugin, type PrivilegeContext } from './compile/privileged-image.ts'
export { ownVolumePrefix } from './compile/reserved-volume.ts'
export { netrcPart, posixFileScript, posixScript, quotePosix } from './compile/script-posix.ts'
export {
  powershellFileScript,
  powershellNetrcPart,
  powershellScript,
} from './compile/script-powershell.ts'
export { settingsToEnv, settingVariable } from './compile/settings-to-env.ts'
export { attemptName, stageLabels, stageLog, stepLabels } from './compile/stage-labels.ts'
export { stepExtras } from './compile/step-extras.ts'
export { waitForServices } from './compile/wait-for-services.ts'
export { type Workspace, workspaceOf } from './compile/workspace.ts'
export {
  type Condition,
  type Conditions,
  firstUnmet,
  meetsCondition,
} from './conditions/condition.ts'
export { matchGlob } from './conditions/glob.ts'
export { matchSimpleGlob } from './conditions/match-simple-glob.ts'
export {
  stepErrPolicy,
  stepPullPolicy,
  stepRunPolicy,
  whyStepSkipped,
} from './conditions/policies.ts'
export { readsPaths } from './conditions/reads-paths.ts'
export { baseEnvironment } from './environment/compiled-environment.ts'
export { netrcEnvironment } from './environment/environment-base.ts'
export { externalSettings, maskedVariables } from './environment/external-settings.ts'
export { freshEnvironment, type StepMoment } from './environment/fresh-environment.ts'
export { safeEnvironment } from './environment/safe-environment.ts'
export { manifestLimits } from './limits.ts'
export { lintExec } from './lint/lint-exec.ts'
export { lintKubernetes, type NamespaceRules } from './lint/lint-kubernetes.ts'
export { type LintFinding, lintManifest } from './lint/lint-manifest.ts'
export { lintPipeline } from './lint/lint-pipeline.ts'
export type { LintProblem, StageLint } from './lint/lint-problem.ts'
export type {
  ManifestDocument,
  ParsedManifest,
  Pipeline,
  PipelineStep,
  PipelineVolume,
  SecretEntry,
} from './manifest.ts'
export { formatIssue, formatIssues, type ManifestIssue } from './manifest-issue.ts'
export { parseManifest } from './parse-manifest.ts'
export {
  type PlannedStage,
  planStages,
  type SkippedStage,
  type StagePlan,
} from './plan/plan-stages.ts'
export { pullCredentials } from './secrets/pull-credentials.ts'
export { findRegistryAuth, parseRegistryAuths, type RegistryAuth } from './secrets/registry-auth.ts'
export {
  isFork,
  type SecretResolver,
  secretResolver,
  stepSecrets,
} from './secrets/resolve-secret.ts'
export { droneKeyBytes, openDroneBlob, sealSecretData } from './secrets/secret-data.ts'
export { openSecretDocuments } from './secrets/secret-documents.ts'
export { namedSecrets } from './secrets/secret-names.ts'
export { isManifestSigned, signManifest } from './secrets/signature.ts'
export { stageMasks } from './secrets/stage-masks.ts'
export { substitutionValues } from './substitution/substitution-values.ts'
export { ManifestThread } from './thread/manifest-thread.ts'
export { readDocuments } from './yaml/read-documents.ts'
export { resolvePlain, resolveScalar } from './yaml/scalar.ts'
export { splitDocuments } from './yaml/split-documents.ts'
export type { YamlEntry, YamlMap, YamlNode, YamlScalar } from './yaml/yaml-node.ts'
