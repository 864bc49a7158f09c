import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openOnce } from '../../src/oracle/backends/once.ts';
import { openProcess } from '../../src/oracle/backends/process.ts';
import { check } from '../../src/oracle/check/check.ts';
import { root } from '../support/root.ts';
import { failureOf, formsOf, keep, numbers, numbersOf, passes, question } from './support.ts';

const folder = join(root, 'adapters/cpp');
const example = readFileSync(join(folder, 'linear_scan.cpp'), 'utf8');

const scratch = mkdtempSync(join(tmpdir(), 'densessm-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Compiles a program with all warnings. Returns its path. */
function compiled(program: string): string {
  const path = join(scratch, `${Math.random()}`);
  writeFileSync(`${path}.cpp`, program);
  const words = ['-std=c++17', '-Wall', '-Wextra', '-Wconversion', '-Werror', `-I${folder}`, `${path}.cpp`, '-o', path];
  const { status, stderr } = spawnSync('g++', words, { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return path;
}

/** Answers with twice its input, with what its settings say, or not at all. */
const twice = `
#include <iostream>
#include "densessm.hpp"
int main(int argc, char** argv) {
  densessm::Backend backend("small \\"and\\" quoted");
  backend.offer("twice", R"({"modes": ["only"], "dtypes": ["F32", "BF16"], "gradients": true})", [](const auto& asked, auto& answer) {
    std::cout << "printed" << std::endl;
    const auto& x = asked.in("x");
    if (asked.settings.has("refuse")) throw densessm::Unsupported("not for me");
    if (asked.settings.has("wrong")) x.template data<double>();
    if (asked.settings.has("unwritten")) return (void)answer.out("y", x.shape);
    if (asked.settings.has("list")) {
      float* y = answer.out("y", {2}, "F32").template data<float>();
      y[0] = static_cast<float>(asked.settings.at("list").asNumbers()[1]);
      y[1] = static_cast<float>(asked.settings.at("in").at("text").asText().size());
      return;
    }
    float* y = answer.out("y", x.shape).template data<float>();
    for (int i = 0; i < x.size(); i++) y[i] = 2 * x.template data<float>()[i];
    if (asked.gradients) answer.grad("x", x.shape).bytes = asked.cotangent("y").bytes;
  });
  return backend.run(argc, argv);
}
`;

if (spawnSync('g++', ['--version']).status !== 0) {
  it('prints that it did not run', () => {
    console.log('test/adapters/cpp.test.ts: not run (no g++). On Debian: apt-get install g++');
    expect(spawnSync('g++', ['--version']).error).toBeDefined();
  });
} else {
  describe('the C++ adapter', () => {
    it('runs its example, and a lost gradient in it is found', async () => {
      await passes(compiled(example), 2);
      const broken = compiled(example.replace('T dH = dLast[i * channels + n];', 'T dH = 0;\n(void)dLast;'));
      const { rows } = await check(await keep(openProcess(broken)), { cases: 5, longest: 7, seed: 1, dtypes: ['F32'] });
      const { outputs, finding } = rows.find(
        ({ operator, mode }) => operator === 'linearScan' && mode === 'recurrent',
      )!;
      expect(outputs).toBe('PASS');
      expect(finding?.kind).toMatch(/^wrong grad\//);
    });

    it('answers, refuses, reports errors and reads settings', async () => {
      const path = compiled(twice);
      const backend = await keep(openProcess(path));
      expect(backend.description.name).toBe('small "and" quoted');
      expect(numbersOf(await backend.answer(question()))).toEqual({ 'out/y': [2, 4] });
      expect(numbersOf(await backend.answer(question({ gradients: true })))).toEqual({
        'out/y': [2, 4],
        'grad/x': [3, 5],
      });
      const asked = (settings: Record<string, unknown>) => {
        const c = { ...question().c, settings: settings as never };
        return backend.answer(question({ c }));
      };
      expect(await asked({ refuse: true })).toEqual({ kind: 'unsupported', reason: 'not for me' });
      expect(failureOf(await asked({ wrong: 1 }))?.message).toContain('a tensor of F32 is read as another type');
      expect(numbersOf(await asked({ unwritten: null }))).toEqual({ 'out/y': [Number.NaN, Number.NaN] });
      const settings = { list: [1, -2.5e-3], in: { text: 'é"\\\n' } };
      expect(numbersOf(await asked(settings))).toEqual({ 'out/y': [Math.fround(-2.5e-3), 5] });
      const absent = await backend.answer(question({}, { other: numbers(1) }));
      expect(failureOf(absent)?.message).toContain("the question has no tensor 'in/x'");
      expect(formsOf(await backend.answer(question({ dtype: 'BF16' })))).toEqual({});
      const once = await keep(openOnce(path));
      expect(numbersOf(await once.answer(question()))).toEqual({ 'out/y': [2, 4] });
      expect(spawnSync(path, { input: 'this is no message at all', encoding: 'utf8' })).toMatchObject({
        status: 1,
        stderr: 'densessm starts this program: npx densessm check --backend ./my_kernels\n',
      });
    });
  });
}
