/** @file Orders the test files: those that take longest first, so that no worker begins one when the others have ended. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Folders and files that take long although they are short. vitest itself goes by the length of a file until it has seen it run. */
const dear = [
  'test/laws/',
  'test/executors/gpu/operators.test.ts',
  'test/oracle/check/check.test.ts',
  'test/cli/',
  'test/adapters/',
  'test/docs/reports.test.ts',
  'test/docs/commands.test.ts',
  'test/runs/sampling.test.ts',
];

/** The dear files of a project before its others, else the order of vitest. */
export class DearFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    // a change of the project ends a worker
    const projects = [...new Set(sorted.map(({ project }) => project))];
    const isDear = ({ moduleId }: TestSpecification): boolean => dear.some((path) => moduleId.includes(`/${path}`));
    return projects.flatMap((own) => {
      const ofProject = sorted.filter(({ project }) => project === own);
      return [...ofProject.filter(isDear), ...ofProject.filter((file) => !isDear(file))];
    });
  }
}
