// biome-ignore-all lint/suspicious/noTemplateCurlyInString: programs hold templates
/** Mulberry32: programs must be the same in every run. */
function random(seed: number) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/**
 * A generated program: cells over four names of its own, as V8's REPL keeps all programs' names in one scope. The last cell gives the
 * names' final values. Each name keeps its kind, which V8 lets nobody change. Loops end, and functions give up when `fuel` is spent.
 * No text of a function is made: it would show what the cell was compiled to.
 */
export function program(number: number): string[] {
  const next = random(number)
  const pick = <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)]
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(name => `${name}${number}`)
  const fuel = `fuel${number}`
  const attempt = `attempt${number}`
  const name = () => pick([a, b, c, d])
  const variable = () => pick([a, c])
  const digit = () => String(Math.floor(next() * 9))
  const body = (value: string) => `(--${fuel} < 0 ? 0 : ${value})`
  const block = (value: string) => `{ if (--${fuel} < 0) return 0; return ${value} }`

  const leaf = [digit, name, name]
  const expression = (depth = 0): string => {
    const e = () => expression(depth + 1)
    const forms = [
      ...leaf,
      () => `[${e()}, ${e()}]`,
      () => `[...[${e()}], ...'xy']`,
      () => `({ ${name()}, x: ${e()} })`,
      () => `({ ...[${e()}], [typeof ${name()}]: ${e()} })`,
      () => `({ get x() { return ${e()} }, set x(${name()}) {}, ['y'](${name()}) { return ${name()} } }).x`,
      () => `(${name()} => ${body(e())})(${e()})`,
      () => `((...${name()}) => ${body(name())})(${e()}, ${e()})`,
      () => `((${name()} = ${e()}) => ${body(e())})()`,
      () => `(() => { const ${name()} = ${e()}; return ${e()} })()`,
      () => `(() => { const f = () => ${name()}; { var ${name()} = ${e()} } return [${e()}, f()] })()`,
      () => `(function ${name()}() ${block(`[typeof ${name()}, ${e()}]`)})()`,
      () =>
        `(() => { const all = []; for (let ${a} of [1, 2]) all.push(() => [${a}, ${name()}]); return all.map(f => f()) })()`,
      () => `[...(function* () { const ${name()} = yield ${e()}; yield* [${e()}, typeof ${name()}] })()]`,
      () => `typeof ${name()}`,
      () => `typeof (${name()})`,
      () => `(${variable()} = ${e()})`,
      () => `(${variable()} ${pick(['??=', '||=', '&&='])} ${pick([e(), '() => 1', 'class {}', 'function () {}'])})`,
      () => `(${variable()}${pick(['++', '--'])}, ${variable()})`,
      () => `(number(${e()}) + number(${e()}))`,
      () => `(${name()}, ${e()})`,
      () => `(${e()} ? ${e()} : ${e()})`,
      () => `(${e()} ${pick(['&&', '||', '??'])} ${e()})`,
      () => `${name()}?.x`,
      () => `${name()}?.[${e()}]?.x`,
      () => `${name()}.name`,
      () => `\`\${typeof ${name()}}\${number(${e()})}\``,
      () => `((s, ...v) => [s.raw.length, v])\`\${${e()}}\\n\``,
      () => `(({ x: ${name()} = ${e()}, ...rest }) => [${name()}, rest])({ y: ${e()} })`,
      () => `(([${name()} = ${e()}, ...rest]) => [${e()}, rest])([undefined, ${e()}])`,
      () => `(({ x = () => 1, ['y']: y = class {} }) => [x.name, y.name])({})`,
      () => `${attempt}(() => ${name()}(${e()}))`,
      () => `${attempt}(() => ${name()}?.(${e()}))`,
      () => `${attempt}(() => new ${name()}(${e()}))`,
      () => `${attempt}(() => (${name()} = ${e()}))`,
      () =>
        `(x => { try { return ${name()}(x) } catch (${pick([a, b, c, d])}) { return ${name()}?.message } })(${e()})`,
      () => `(x => { try { return ${name()}.x.y } catch ({ message: ${name()} }) { return ${name()} } })(${e()})`,
      () => `(() => { try { return ${e()} } finally { ${variable()} = ${e()} } })()`,
      () =>
        `new (class { #x = ${e()}; y = ${e()}; static z = ${name()}; get x() { return [this.#x, ${name()}] } })().x`,
      ...(depth
        ? []
        : [
            () => `await ${e()}`,
            () => `await (async () => { const ${name()} = await ${e()}; return [await ${name()}, ${e()}] })()`,
            () => `await (async ${name()} => ${body('await 1')})(${e()})`,
          ]),
    ]
    return pick(depth > 2 ? leaf : forms)()
  }

  const statement = (): string => {
    const e = () => (next() < 0.7 ? `${attempt}(() => ${expression(1)})` : expression())
    return pick([
      () => `let ${a} = ${e()}`,
      () => `let ${a}`,
      () => `let [${a} = ${e()}] = [${e()}]`,
      () => `let { x: ${a}, ...rest${number} } = { x: ${e()}, y: ${e()} }`,
      () => `let { ['x']: [${a} = () => 1] = [${e()}] } = {}`,
      () => `const ${b} = ${e()}`,
      () => `const { x: { y: [, ${b}] } } = { x: { y: [0, ${e()}] } }`,
      () => `const ${b} = () => ${body(name())}`,
      () => `const ${b} = function () ${block(name())}`,
      () => `const ${b} = async ${name()} => ${attempt}(() => ${name()})`,
      () => `const [${b} = class { static x = ${e()} }] = []`,
      () => `var ${c} = ${e()}`,
      () => `var ${c}`,
      () => `var { length: ${c} } = [${e()}]`,
      () => `function ${c}() ${block(expression(1))}`,
      () => `function* ${c}(${name()} = 1) { yield ${name()} }`,
      () => `for (var ${c} of [1, 2]) { let ${name()} = 3 }`,
      () => `for (var ${c} in { x: 1, y: 2 }) ${variable()} = ${c}`,
      () => `for (var [${c}, { x = ${e()} } = {}] of [[${e()}]]) ${variable()} = [x]`,
      () => `for (const [${name()}] of [[1], [2]]) ${c} = ${name()}`,
      () => `for (${variable()} of [${e()}, 2]);`,
      () => `for ([${variable()} = 3] of [[]]) { ${e()} }`,
      () => `for ({ x: ${variable()} } of [{ x: ${e()} }]);`,
      () => `for await (const ${name()} of [${e()}, Promise.resolve(2)]) ${c} = ${name()}`,
      () => `for (let ${a} = 0; ${a} < 2; ${a}++) { ${c} = () => [${a}, ${b}] }`,
      () => `for (let i = 0, ${name()} = ${e()}; i < 2; i++) ${variable()} = ${e()}`,
      () =>
        `x: for (const x of [1, 2, 3]) { for (let y = 0; y < 3; y++) { if (y === x) continue x; if (x > 2) break x; ${c} = [x, y] } }`,
      () => `{ let i = 0; do { ${variable()} = ${e()}; if (i > 1) continue } while (i++ < 2) }`,
      () =>
        `switch (${e()}) { case ${digit()}: let ${name()} = 1; ${e()}; break; default: ${e()}; case 3: var ${c} = ${e()} }`,
      () => `if (${e()}) { var ${c} = ${e()} } else ${e()}`,
      () => `try { throw ${e()} } catch (${name()}) { ${c} = ${name()}?.message; ${e()} } finally { ${e()} }`,
      () => `try { ${e()} } catch { ${a} = 'caught' }`,
      () => `{ let ${name()} = ${e()}; ${e()} }`,
      () => `{ function ${name()}() ${block(expression(1))} ${c} = typeof ${name()} }`,
      () => `{ class ${name()} { static x = ${e()} } ${c} = ${name()}.name }`,
      () => `class ${d} { static x = ${expression(1)}; static y() { return ${name()} } }`,
      () =>
        `class ${d} { static z = 1; static { this.x = ${expression(1)}; var ${name()} = 2; this.y = typeof ${name()} } }`,
      () =>
        `class ${d} extends (class { constructor(x) { this.x = x } me() { return [${name()}] } }) { constructor() { super(${expression(1)}) } me() { return [super.me(), new.target] } }`,
      () =>
        `class ${d} { [\`\${typeof ${name()}}\`] = ${name()}; static *y() { yield ${d} } static async x() { return ${name()} } }`,
      () => `[${variable()}, ${variable()}] = [${e()}, ${e()}]`,
      () => `[, ...[${variable()}]] = [0, ${e()}]`,
      () => `({ ${a}, x: ${c} = 1 } = { ${a}: ${e()} })`,
      () => `({ ${a} = () => 1, ...${c} } = { x: ${e()} })`,
      () => `[{}.x, ${variable()} = ${e()}] = []`,
      () => `${variable()} ${pick(['-=', '*=', '**=', '>>=', '|='])} number(${e()})`,
      () => `${variable()}++`,
      () => `${name()}(${e()})`,
      () => e(),
    ])()
  }

  const first = `function ${attempt}(run) { try { return run() } catch (error) { return error?.message ?? error } } let ${fuel} = 30${next() < 0.9 ? `, ${a} = 1; const ${b} = [2]; var ${c} = { x: 3 }; class ${d} { static x = 4 }` : ''}`
  const cells = Array.from({ length: 3 }, () =>
    [
      `'use strict'`,
      ...Array.from({ length: 1 + Math.floor(next() * 3) }, statement),
      next() < 0.8 ? `${attempt}(() => ${expression(1)})` : expression(),
    ].join('\n;'),
  )
  const last = `[${[a, b, c, d, fuel].map(name => `${attempt}(() => ${name})`)}]`
  return [first, ...cells, last]
}

/** A global that programs call. */
export const number = (value: unknown) => (typeof value === 'number' ? value % 100 : 1)
