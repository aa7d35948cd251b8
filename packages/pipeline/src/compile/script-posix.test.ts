import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { posixFileScript, posixScript } from './script-posix.ts'
import { powershellScript } from './script-powershell.ts'

/** As a step's container is started (pipeline.md §12.5). */
const run = (commands: readonly string[], env: Record<string, string> = {}) => {
  const environment = { PATH: '/usr/bin:/bin', ...env, DRONE_SCRIPT: posixScript(commands) }
  const args = ['-c', 'echo "$DRONE_SCRIPT" | /bin/sh']
  return spawnSync('/bin/sh', args, { env: environment, encoding: 'utf8' })
}

describe('posixScript', () => {
  it('traces each command literally, with its real line breaks, and runs it', () => {
    const { stdout, status } = run(['echo hi $WHO "q" `echo t`', 'if true; then\n  echo two\nfi'], {
      WHO: 'ana',
    })
    expect(stdout).toBe(
      '+ echo hi $WHO "q" `echo t`\nhi ana q t\n+ if true; then\n  echo two\nfi\ntwo\n',
    )
    expect(status).toBe(0)
  })

  it('neither traces by itself nor minds a failure inside a pipe', () => {
    const { stdout, stderr, status } = run(['false | true', 'echo on'])
    expect([stdout, stderr, status]).toEqual(['+ false | true\n+ echo on\non\n', '', 0])
  })

  it('keeps one shell for all, and stops at the first failure with its code', () => {
    const { stdout, status } = run(['A=1; cd /', 'echo $A $PWD', '(exit 7)', 'echo never'])
    expect(stdout).toContain('1 /')
    expect(stdout).not.toContain('never')
    expect(status).toBe(7)
  })

  it('traces quotes without running what is in them', () => {
    const { stdout } = run([`true 'it'"'"'s' "$(echo once >&2)"`])
    expect(stdout).toBe(`+ true 'it'"'"'s' "$(echo once >&2)"\n`)
  })

  it('writes git credentials to a private file and hides the variables', () => {
    const home = mkdtempSync(join(tmpdir(), 'waggle-netrc-'))
    const { stdout } = run(['env'], {
      HOME: home,
      DRONE_NETRC_FILE: 'machine m login l password p',
      DRONE_NETRC_PASSWORD: 'p',
      KEPT: 'yes',
    })
    expect(stdout).toContain('KEPT=yes')
    expect(stdout).not.toMatch(/DRONE_NETRC|DRONE_SCRIPT/)
    expect(readFileSync(join(home, '.netrc'), 'utf8')).toBe('machine m login l password p\n')
    expect(statSync(join(home, '.netrc')).mode & 0o777).toBe(0o600)
    rmSync(home, { recursive: true })
  })
})

describe('posixFileScript', () => {
  it('is a script of its own', () => {
    const output = execFileSync('/bin/sh', ['-e', '-c', posixFileScript(['echo a'])], {
      encoding: 'utf8',
    })
    expect(output).toBe('+ echo a\na\n')
  })
})

describe('powershellScript', () => {
  it('prints commands as literals, exits with their codes, and clears all credentials', () => {
    const script = powershellScript([`echo "it's $Env:A"`])
    expect(script).toContain(
      `Write-Output '+ echo "it''s $Env:A"'\necho "it's $Env:A"\nif ($LastExitCode -gt 0) { exit $LastExitCode }\n`,
    )
    for (const name of ['MACHINE', 'USERNAME', 'PASSWORD', 'FILE'])
      expect(script).toContain(`'DRONE_NETRC_${name}'`)
  })

  it('writes the credentials, forgets them, stops at errors, and then runs the commands', () => {
    const script = powershellScript(['first', 'second'])
    const parts = [
      'machine $Env:DRONE_NETRC_MACHINE\nlogin $Env:DRONE_NETRC_USERNAME\npassword $Env:DRONE_NETRC_PASSWORD\n',
      "'DRONE_SCRIPT'",
      '[Environment]::SetEnvironmentVariable($name, $null)',
      "$erroractionpreference = 'stop'",
      "Write-Output '+ first'\nfirst\nif ($LastExitCode -gt 0) { exit $LastExitCode }\n",
      "Write-Output '+ second'\nsecond\nif ($LastExitCode -gt 0) { exit $LastExitCode }\n",
    ]
    const places = parts.map((part) => script.indexOf(part))
    expect(places.every((place) => place >= 0)).toBe(true)
    expect(places).toEqual(places.toSorted((a, b) => a - b))
  })
})
