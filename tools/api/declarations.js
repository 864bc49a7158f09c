/** @file Prints what the package exports, as JSON: for each module its declarations, as they are written, with their comments. */
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { name: packageName, exports: entries } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The modules as users import them, with their source files: densessm/nn is src/nn/index.ts. */
const modules = Object.entries(entries)
  .filter(([, target]) => typeof target === 'object')
  .map(([path, { types }]) => ({
    name: path.replace(/^\./, packageName),
    file: types.replace('./dist/', '').replace(/\.d\.ts$/, '.ts'),
  }));

const config = join(dirname(fileURLToPath(import.meta.url)), 'tsconfig.json');
const { options } = ts.parseJsonConfigFileContent(
  ts.readConfigFile(config, ts.sys.readFile).config,
  ts.sys,
  dirname(config),
);
const program = ts.createProgram(
  modules.map(({ file }) => join(root, file)),
  options,
);
const checker = program.getTypeChecker();

const resolved = (symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol);
const fileOf = (node) => relative(root, node.getSourceFile().fileName);
const isOurs = (node) => /^(src|spec)\//.test(fileOf(node));

const kinds = new Map([
  [ts.SyntaxKind.FunctionDeclaration, 'function'],
  [ts.SyntaxKind.InterfaceDeclaration, 'interface'],
  [ts.SyntaxKind.TypeAliasDeclaration, 'type'],
  [ts.SyntaxKind.ClassDeclaration, 'class'],
  [ts.SyntaxKind.VariableDeclaration, 'constant'],
]);

/** The code of a declaration without bodies and values, and the node that holds its comment. */
function written(node) {
  const text = (from, to) => node.getSourceFile().text.slice(from, to).trim().replace(/;$/, '');
  if (ts.isFunctionDeclaration(node))
    return { code: text(node.getStart(), node.body?.getStart() ?? node.end), holder: node };
  if (!ts.isVariableDeclaration(node)) return { code: text(node.getStart(), node.end), holder: node };
  const holder = node.parent.parent;
  const head = `export const ${text(node.getStart(), (node.type ?? node.name).end)}`;
  const value = node.initializer;
  if (node.type !== undefined || value === undefined) return { code: head, holder };
  if (ts.isArrowFunction(value)) return { code: `${head} = ${text(value.getStart(), value.body.getStart())}`, holder };
  const type = checker.typeToString(checker.getTypeAtLocation(node), node, ts.TypeFormatFlags.NoTruncation);
  return { code: `${head}: ${type}`, holder };
}

/** What a declaration is. A constant that can be called is a function. */
const kindOf = (node) =>
  ts.isVariableDeclaration(node) && checker.getTypeAtLocation(node).getCallSignatures().length > 0
    ? 'function'
    : kinds.get(node.kind);

/** The overloads of a function are its declarations without a body. */
function declarationsOf(symbol) {
  const all = symbol.declarations.filter((node) => kinds.has(node.kind));
  const overloads = all.filter((node) => ts.isFunctionDeclaration(node) && node.body === undefined);
  return overloads.length > 0 ? overloads : all;
}

/** The types of this project that a declaration names, by the words that it has for them. */
function typesIn(node) {
  const found = new Map();
  const visit = (one) => {
    if (one === node.body || (ts.isArrowFunction(one.parent) && one === one.parent.body)) return;
    if (ts.isIdentifier(one) && (ts.isTypeReferenceNode(one.parent) || ts.isExpressionWithTypeArguments(one.parent)))
      found.set(one.text, resolved(checker.getSymbolAtLocation(one)));
    ts.forEachChild(one, visit);
  };
  visit(node);
  return [...found].filter(([, symbol]) => symbol.declarations?.some((one) => kinds.has(one.kind) && isOurs(one)));
}

/** A comment: its text, and its tags. Links stay as {@link NAME}. */
function commentOf(holder) {
  const [comment] = ts.getJSDocCommentsAndTags(holder).filter(ts.isJSDoc).slice(-1);
  const text = (part) => ts.getTextOfJSDocComment(part?.comment) ?? '';
  return {
    text: text(comment),
    tags: (comment?.tags ?? []).map((tag) => ({
      tag: tag.tagName.text,
      name: ts.isJSDocParameterTag(tag) ? tag.name.getText() : undefined,
      text: text(tag).replace(/^- /, ''),
    })),
  };
}

/** Where each symbol is described: in the first module that exports it, or else that names it. */
const places = new Map();
const anchors = new Set();

/** Gives a symbol its place. An anchor is its name; types that are not exported may share one. */
function place(symbol, module, name, exported) {
  const free = [name, ...Array.from({ length: 9 }, (_, i) => `${name}-${i + 1}`)];
  const anchor = free.find((one) => !anchors.has(`${module}#${one}`));
  anchors.add(`${module}#${anchor}`);
  places.set(symbol, { module, name, anchor, exported });
}

const sources = modules.map((module) => ({ ...module, source: program.getSourceFile(join(root, module.file)) }));
const exportsOf = (source) => checker.getExportsOfModule(checker.getSymbolAtLocation(source));
for (const { name, source } of sources)
  for (const symbol of exportsOf(source))
    if (!places.has(resolved(symbol))) place(resolved(symbol), name, symbol.name, true);

const described = sources.map(({ name: module, file, source }) => {
  const all = exportsOf(source).map(resolved);
  const own = all.filter((symbol) => places.get(symbol).module === module);
  const declarations = [];
  for (const symbol of own) {
    const nodes = declarationsOf(symbol);
    const parts = nodes.map(written);
    const types = nodes.flatMap(typesIn);
    // a type that a declaration names, and that no module exports, is described too
    for (const [, type] of types) {
      if (places.has(type)) continue;
      place(type, module, type.name, false);
      own.push(type);
    }
    const { line } = nodes[0].getSourceFile().getLineAndCharacterOfPosition(nodes[0].getStart());
    declarations.push({
      ...places.get(symbol),
      kind: kindOf(nodes[0]),
      file: fileOf(nodes[0]),
      line: line + 1,
      code: parts.map(({ code }) => code).join('\n'),
      ...commentOf(parts[0].holder),
      types: Object.fromEntries(types.map(([word, type]) => [word, places.get(type)])),
    });
  }
  const [, header] = /@file\s+([\s\S]*?)\s*\*\//.exec(source.text);
  return {
    name: module,
    file,
    about: header.replace(/\s*\n \*\s*/g, ' '),
    declarations,
    elsewhere: all.map((symbol) => places.get(symbol)).filter((one) => one.module !== module),
  };
});
console.log(JSON.stringify(described));
