/** The PowerShell dialect of a step's script (pipeline.md §12.5). */
export const powershellScript = (commands: readonly string[]): string =>
  [powershellNetrcPart, "$erroractionpreference = 'stop'\n", ...commands.map(traced)].join('')

export const powershellFileScript = (commands: readonly string[]): string =>
  ["$erroractionpreference = 'stop'\n", ...commands.map(traced)].join('')

/** Writes the credentials that the step was given and forgets them. A redirection would write UTF-16 in Windows
 *  PowerShell, which git does not read. Unlike in the reference all four variables are cleared (rule X13). */
export const powershellNetrcPart = `if ($Env:DRONE_NETRC_MACHINE) {
[IO.File]::WriteAllText((Join-Path $Env:USERPROFILE '_netrc'), @"
machine $Env:DRONE_NETRC_MACHINE
login $Env:DRONE_NETRC_USERNAME
password $Env:DRONE_NETRC_PASSWORD
"@)
}
foreach ($name in 'DRONE_NETRC_MACHINE', 'DRONE_NETRC_USERNAME', 'DRONE_NETRC_PASSWORD', 'DRONE_NETRC_FILE', 'DRONE_SCRIPT') {
[Environment]::SetEnvironmentVariable($name, $null)
}
`

const traced = (command: string): string =>
  `Write-Output ${quotePowershell(`+ ${command}`)}\n${command}\nif ($LastExitCode -gt 0) { exit $LastExitCode }\n`

/** A literal string: PowerShell also takes typographic quotes for quotes. */
const quotePowershell = (text: string): string => `'${text.replace(/['\u2018-\u201b]/g, '$&$&')}'`
