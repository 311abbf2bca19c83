// Few rules: faults that types show, and the style that is there. no-floating-promises takes `void` for an answer: then a failure is
// another's to tell. Rules that were tried and left out, as no fault was among what they found:
//
// - prefer-promise-reject-errors: an abort rejects with `signal.reason`, which is the caller's and may be anything.
// - unbound-method: Node's events call listeners without it, and classes are passed on for their static methods.
// - switch-exhaustiveness-check: a switch over OpenSSL's numbers lists those that can come there, and others fall through on purpose.
// - no-unnecessary-condition: arguments come from JavaScript, and values change during an await, so checks that types rule out must stay.

import stylistic from '@stylistic/eslint-plugin'
import tseslint from 'typescript-eslint'

const underscore = '^_'

export default [
  { ignores: ['**/*.gen.ts'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    plugins: { '@typescript-eslint': tseslint.plugin, '@stylistic': stylistic },
    rules: {
      // Names that are taken out of an object are the way to leave them out of the rest.
      '@typescript-eslint/no-unused-vars': [
        'error', { ignoreRestSiblings: true, argsIgnorePattern: underscore, varsIgnorePattern: underscore },
      ],
      'eqeqeq': ['error', 'always', { null: 'ignore' }],
      'no-constant-binary-expression': 'error',
      'no-self-compare': 'error',
      'no-unsafe-finally': 'error',
      'no-var': 'error',
      'prefer-const': ['error', { ignoreReadBeforeAssign: true }], // functions may name what is there when they are called

      '@stylistic/arrow-parens': 'error',
      '@stylistic/comma-dangle': ['error', 'always-multiline'],
      '@stylistic/eol-last': 'error',
      '@stylistic/keyword-spacing': 'error',
      '@stylistic/max-len': ['error', { code: 140, ignoreRegExpLiterals: true }],
      '@stylistic/no-multiple-empty-lines': ['error', { max: 1, maxEOF: 0 }],
      '@stylistic/no-tabs': 'error',
      '@stylistic/no-trailing-spaces': 'error',
      '@stylistic/object-curly-spacing': ['error', 'always'],
      '@stylistic/quotes': ['error', 'single', { avoidEscape: true, allowTemplateLiterals: 'always' }],
      '@stylistic/semi': ['error', 'never'],
      '@stylistic/space-before-blocks': 'error',
      '@stylistic/space-infix-ops': 'error',
    },
  },
  { files: ['**/*.ts', '**/*.mts'], languageOptions: { parser: tseslint.parser } },
  {
    files: ['**/*.ts'],
    ignores: ['site/.vitepress/**'], // its types are not installed with the package's
    languageOptions: { parserOptions: { project: 'tsconfig.check.json', tsconfigRootDir: process.cwd() } },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-for-in-array': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      // What a caller threw is thrown on.
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingUnknown: true, allowThrowingAny: true }],
    },
  },
  {
    // Here an unhandled rejection ends the run, which is what should happen; and callbacks throw what users might.
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/only-throw-error': 'off',
    },
  },
]
