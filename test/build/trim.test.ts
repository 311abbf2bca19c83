import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const repository = join(import.meta.dirname, '../..')
let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'libssl-wasm-trim-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

function script(name: string, ...args: readonly string[]) {
  return spawnSync(
    process.execPath, ['--import', 'tsx', join(repository, 'wasm/trim', name), ...args], { cwd: repository, encoding: 'utf8' },
  )
}

describe('wasm/trim/edit-sources.ts', () => {
  /** What becomes of a file by a list. */
  function edit(name: string, text: string, rules: string) {
    mkdirSync(join(dir, 'source'), { recursive: true })
    writeFileSync(join(dir, 'source', name), text)
    writeFileSync(join(dir, 'some.list'), `# a comment\n\nfile ${name}\n${rules}\n`)
    const { status, stderr } = script('edit-sources.ts', join(dir, 'source'), join(dir, 'target'), join(dir, 'some.list'))
    return status === 0 ? readFileSync(join(dir, 'target', name), 'utf8') : stderr
  }

  it('cuts entries of tables, whatever stands between them', () => {
    const table = `int other(void) { return ONE, TWO; }
static const struct entry table[] = {
    /* ONE, in a comment */
    { ONE, "a, b }", 0 },
#ifndef NO_TWO
    { TWO,
#if X
      first,
#else
      second,
#endif
      0 },
#endif
    ENTRY(TWO_AND_A_HALF, (f, g)),
    { THREE, NULL }
};
`
    const edited = edit('table.c', table, 'cut { ONE  the first\ncut ENTRY(*, (f  the third')
    expect(edited).toContain('int other(void) { return ONE, TWO; }')
    expect(edited).not.toContain('a, b }')
    expect(edited).not.toContain('HALF')
    expect(edited).toMatch(/\{ TWO,\s+#if X\s+first,/)
    expect(edited).toContain('{ THREE, NULL }')
  })

  it('cuts whole names alone', () => {
    expect(edit('names.c', 'int *t[] = { &one, &one_more };', 'cut &one')).toBe('int *t[] = {  &one_more };')
  })

  it('cuts entries of a file that is nothing else', () => {
    expect(edit('entries.inc', '#define E(a, b) \\\n  a, b\nE(1, 2),\nE(3, 4),\n', 'cut E(1,'))
      .toBe('#define E(a, b) \\\n  a, b\n\nE(3, 4),\n')
  })

  it('empties a table, and replaces words', () => {
    const text = 'static const int t[2] = {\n    1,\n};\nint f(void) { return g(1) + old_g(2); }\n'
    expect(edit('code.c', text, 'empty static const int t[2]\nreplace g(1) => h()\\n  a reason'))
      .toBe('static int t[2];\nint f(void) { return h()\n + old_g(2); }\n')
  })

  it('rewrites by a regular expression', () => {
    expect(
      edit(
        'code.c', 'x = ((wide)a[1]) * b[2] + ((wide)a[2]) * b[1];',
        String.raw`rewrite \(\(wide\)(\w+\[\d\])\) \* (\w+\[\d\]) => mul($1, $2)`,
      ),
    )
      .toBe('x = mul(a[1], b[2]) + mul(a[2], b[1]);')
  })

  it.each([
    ['keep cut { O', 'int t[] = { { ONE }, { TWO } }; int u;'],
    ['keep some.list', 'int t[] = { { ONE }, { TWO } }; int t_u;'],
  ])('leaves out the rules before that begin so, or are of a list: %s', (keep, edited) => {
    expect(edit('table.c', 'int t[] = { { ONE }, { TWO } }; int t_u;', `cut { ONE\nreplace t_u => u\n${keep}`)).toBe(edited)
  })

  it.each([
    'cut { FOUR', 'empty static const int u[1]', 'replace gone( => 0', 'rewrite gone\\d => 0',
  ])('says where to look when a source has no more of what a list names: %s', (rule) => {
    const said = edit('table.c', 'struct entry table[] = { { ONE } };', `replace ONE => 1\n${rule}`)
    expect(said).toMatch(/OpenSSL's source is not what these lists were made for/)
    expect(said).toMatch(/some\.list, line 5: table\.c has no /)
  })

  it('says so when there is no rule to leave out', () => {
    expect(edit('table.c', 'int one;', 'replace one => two\nkeep replace three')).toMatch(/some\.list, line 5: no list has a rule replace three/)
  })

  it('says so when OpenSSL has a file no more', () => {
    writeFileSync(join(dir, 'some.list'), 'file gone.c\ncut { ONE\nreplace a => b\n')
    const { status, stderr } = script('edit-sources.ts', join(dir, 'source'), join(dir, 'target'), join(dir, 'some.list'))
    expect(status).toBe(1)
    expect(stderr).toMatch(/some\.list, line 2: there is no gone\.c that could have \{ ONE\n/)
    expect(stderr).toMatch(/some\.list, line 3: there is no gone\.c that could have a\n/)
  })

  it.each(['chop { ONE', 'cut'])('says which line is no rule: %s', (rule) => {
    expect(edit('table.c', '', rule)).toMatch(/some\.list, line 4: this is no rule/)
  })
})

describe('wasm/trim/cut-oids.ts', () => {
  const table = `static const unsigned char so[5] = {
    0x2A,0x86,   /* [    0] OBJ_one */
    0x55,        /* [    2] OBJ_two */
    0x55,0x04,   /* [    3] OBJ_three */
};
#define NUM_NID 4
static const ASN1_OBJECT nid_objs[NUM_NID] = {
    {"UNDEF", "undefined", NID_undef},
    {"one", "first", NID_one, 2, &so[0]},
    {"two", "second", NID_two, 1, &so[2]},
    {"three", "third", NID_three, 2, &so[3]},
};
#define NUM_SN 3
static const unsigned int sn_objs[NUM_SN] = {
       1,    /* "one" */
       3,    /* "three" */
       2,    /* "two" */
};
#define NUM_LN 3
static const unsigned int ln_objs[NUM_LN] = {
       1,    /* "first" */
       2,    /* "second" */
       3,    /* "third" */
};
#define NUM_OBJ 3
static const unsigned int obj_objs[NUM_OBJ] = {
       1,    /* OBJ_one */
       2,    /* OBJ_two */
       3,    /* OBJ_three */
};
`
  function cut(text: string, list: string) {
    mkdirSync(join(dir, 'source/crypto/objects'), { recursive: true })
    writeFileSync(join(dir, 'source/crypto/objects/obj_dat.h'), text)
    writeFileSync(join(dir, 'some.list'), list)
    const { status, stderr } = script('cut-oids.ts', join(dir, 'source'), join(dir, 'target'), join(dir, 'some.list'))
    return status === 0 ? readFileSync(join(dir, 'target/crypto/objects/obj_dat.h'), 'utf8') : stderr
  }

  it('leaves numbers as they are, and moves the bytes together', () => {
    const edited = cut(table, '# why\ntw*  nobody asks for it\n')
    expect(edited).toContain('so[4] = {')
    expect(edited).toContain('{NULL, NULL, NID_undef},')
    expect(edited).toContain('{"three", "third", NID_three, 2, &so[2]},')
    expect(edited.match(/#define NUM_\w+ \d/g)).toEqual(['#define NUM_NID 4', '#define NUM_SN 2', '#define NUM_LN 2', '#define NUM_OBJ 2'])
    expect(edited).not.toMatch(/"two"|OBJ_two|second/)
  })

  it('says what to look at when OpenSSL has changed', () => {
    expect(cut(table, 'one, four  gone\n')).toMatch(/OpenSSL has no such object identifiers any more: take these out of .*some\.list: four/)
    expect(cut(table.replace('[    2] OBJ_two', 'two'), 'two\n'))
      .toMatch(/obj_dat\.h, line 3, has another form than it had: look at wasm\/trim\/cut-oids\.ts/)
    expect(cut(table.replace('ln_objs', 'long_names'), 'two\n')).toMatch(/has no table `const unsigned int ln_objs\[NUM_LN\]` any more/)
  })
})

describe('wasm/trim/check.sh', () => {
  it('says at once, in words, all that does not fit another release of OpenSSL', () => {
    mkdirSync(join(dir, 'source/include/openssl'), { recursive: true })
    writeFileSync(join(dir, 'source/include/openssl/ssl.h'), 'int SSL_CTX_set_max_early_data(SSL_CTX *ctx, uint32_t bytes);\n')
    const { status, stderr } = spawnSync(join(repository, 'wasm/trim/check.sh'), [join(dir, 'source')], { encoding: 'utf8' })
    expect(status).toBe(1)
    expect(stderr).toMatch(/curves\.list, line \d+: there is no crypto\/ec\/ec_curve\.c that could have \{ NID_secp112r/)
    expect(stderr).toMatch(/headers\.list, line \d+: there is no ssl\/ssl_local\.h /)
    expect(stderr).toMatch(/there is no crypto\/objects\/obj_dat\.h: look at .*oids\.list/)
    expect(stderr).toMatch(/fast\.list: OpenSSL has no crypto\/aes\/aes_core\.c any more/)
    expect(stderr).toMatch(/wasm\/shim\/lsw\.h: OpenSSL has no .*\bERR_clear_error\b/)
    expect(stderr).not.toMatch(/^ +at /m)
  })
})
