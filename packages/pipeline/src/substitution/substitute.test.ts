// biome-ignore-all lint/suspicious/noTemplateCurlyInString: expressions of pipeline files look like this
import { describe, expect, it } from 'vitest'
import { substitute, Values } from './substitute.ts'

const known: Record<string, string> = {
  BR: 'feat/login-7',
  TAG: 'v2.5.0-rc.1',
  FILE: '/srv/www/site.tar.gz',
  WORD: 'aXbXc',
  EMPTY: '',
  N: '3',
  UML: 'ünï',
  NEG: '-3',
}
const values = (): Values => new Values((name) => known[name] ?? '')

const table: [string, string][] = [
  ['${BR}', 'feat/login-7'],
  ['$BR', '$BR'],
  ['x$y $ $(id)', 'x$y $ $(id)'],
  ['$${BR}', '${BR}'],
  ['$$BR', '$BR'],
  ['$$$${BR}', '$${BR}'],
  ['$$${BR}', '$feat/login-7'],
  ['[${NOPE}]', '[]'],
  ['${BR}${TAG}', 'feat/login-7v2.5.0-rc.1'],
  ['${BR}}', 'feat/login-7}'],
  ['${#BR}', '12'],
  ['${#NOPE}', '0'],
  ['${BR^}', 'Feat/login-7'],
  ['${BR^^}', 'FEAT/LOGIN-7'],
  ['${UML^}', 'Ünï'],
  ['${UML^^}', 'ÜNÏ'],
  ['${TAG,,}', 'v2.5.0-rc.1'],
  ['${BR:0:4}', 'feat'],
  ['${BR:5}', 'login-7'],
  ['${BR:5:99}', 'login-7'],
  ['${BR:99}', ''],
  ['${BR:0:0}', ''],
  ['${BR:5:${N}}', 'log'],
  ['${BR:${NEG}}', 'n-7'],
  ['${BR:zz}', 'feat/login-7'],
  ['${BR: -3}', 'feat/login-7'],
  ['${TAG#v}', '2.5.0-rc.1'],
  ['${TAG##v}', '2.5.0-rc.1'],
  ['${TAG%-*}', 'v2.5.0'],
  ['${TAG%%-*}', 'v2.5.0'],
  ['${TAG#v?.}', '5.0-rc.1'],
  ['${TAG#[vV]}', '2.5.0-rc.1'],
  ['${TAG#x}', 'v2.5.0-rc.1'],
  ['${TAG#[}', 'v2.5.0-rc.1'],
  ['${TAG#*}', '2.5.0-rc.1'],
  ['${FILE#*/}', 'srv/www/site.tar.gz'],
  ['${FILE##*/}', 'site.tar.gz'],
  ['${FILE%/*}', '/srv/www'],
  ['${FILE%.*}', '/srv/www/site.tar'],
  ['${FILE%%.*}', '/srv/www/site'],
  ['${FILE#*.}', 'tar.gz'],
  ['${FILE##*.}', 'gz'],
  ['${FILE%%/*}', ''],
  ['${WORD/X/-}', 'a-bXc'],
  ['${WORD//X/-}', 'a-b-c'],
  ['${WORD//X/}', 'abc'],
  ['${WORD//X/${N}}', 'a3b3c'],
  ['${WORD/#a/_}', '_XbXc'],
  ['${WORD/%c/_}', 'aXbX_'],
  ['${WORD/#b/_}', 'aXbXc'],
  ['${WORD/*/_}', 'aXbXc'],
  ['${WORD/X/p/q}', 'ap/qbXc'],
  ['${BR/\\//-}', 'feat-login-7'],
  ['${FILE//\\//_}', '_srv_www_site.tar.gz'],
  ['${WORD//X/\\/}', 'a/b/c'],
  ['${WORD//X/$$}', 'a$b$c'],
  ['${NOPE:-d}', 'd'],
  ['${NOPE:=d}', 'd'],
  ['${NOPE=d}', 'd'],
  ['${NOPE:?d}', 'd'],
  ['${NOPE:+d}', 'd'],
  ['${EMPTY:-d}', 'd'],
  ['${EMPTY=d}', 'd'],
  ['${BR:-d}', 'feat/login-7'],
  ['${BR:+d}', 'feat/login-7'],
  ['${BR:?d}', 'feat/login-7'],
  ['${NOPE:-}', ''],
  ['${NOPE=}', ''],
  ['${NOPE:-a ${BR} b}', 'a feat/login-7 b'],
  ['${NOPE:-${NOPE:-z}}', 'z'],
  ['${NOPE:-${TAG#v}}', '2.5.0-rc.1'],
  ['${NOPE:-$BR}', '$BR'],
  ['${NOPE:-a:b/c}', 'a:b/c'],
  ['${NOPE:-$${BR}}', '$feat/login-7'],
  ['a \\\\ b \\/ c ${N}', 'a \\\\ b \\/ c 3'],
]

const wrong: [string, string][] = [
  ['${BR', 'missing closing brace'],
  ['${BR-d}', 'missing closing brace'],
  ['${BR+d}', 'missing closing brace'],
  ['${BR?d}', 'missing closing brace'],
  ['${BR!}', 'missing closing brace'],
  ['${BR@Q}', 'missing closing brace'],
  ['${BR[0]}', 'missing closing brace'],
  ['${BR.x}', 'missing closing brace'],
  ['${}', 'unable to parse variable name'],
  ['${ BR }', 'unable to parse variable name'],
  ['${{BR}}', 'unable to parse variable name'],
  ['${BR#}', 'unable to parse substitution within function'],
  ['${BR%%}', 'unable to parse substitution within function'],
  ['${BR:}', 'unable to parse substitution within function'],
  ['${BR::3}', 'unable to parse substitution within function'],
  ['${BR:0:}', 'unable to parse substitution within function'],
  ['${BR/', 'unable to parse substitution within function'],
  ['${BR:-x', 'unable to parse substitution within function'],
  ['${BR^^^}', 'bad substitution'],
  ['${BR,x}', 'bad substitution'],
  ['${WORD//X}', 'bad substitution'],
  ['${WORD/#a}', 'bad substitution'],
  ['${#}', 'bad substitution'],
  ['${BR:', 'bad substitution'],
  ['${BR:0:${NEG}}', 'negative length'],
]

describe('substitute', () => {
  it.each(table)('%s gives %s', (text, expected) => {
    expect(substitute(text, values())).toBe(expected)
  })

  it.each(wrong)('%s is an error: %s', (text, message) => {
    expect(() => substitute(text, values())).toThrow(message)
  })

  it('refuses results that grow without end, and work that does', () => {
    const long = new Values(() => 'a'.repeat(2_000))
    expect(() => substitute('${v//a/${v//a/${v}}}', long)).toThrow('exceeds')
    const many = new Values(() => 'a'.repeat(100_000))
    expect(() => substitute('${#v}'.repeat(1_000), many)).toThrow('cost too much')
    expect(() => substitute('${v##*a*a*a*a*a*b}'.repeat(100), many)).toThrow('cost too much')
    expect(() => substitute('${v:-'.repeat(50), values())).toThrow('nested too deeply')
  })
})
