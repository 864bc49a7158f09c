/** @file Renders formulas with KaTeX, programs with Shiki, and Markdown. */
import katex from 'katex';
import MarkdownIt from 'markdown-it';
import { createHighlighter } from 'shiki';
import type { Renderers } from './equation.ts';
import { escaped } from './html.ts';

const settings = {
  trust: ({ command }: { readonly command: string }) => command === '\\htmlData',
  strict: (code: string) => (code === 'htmlExtension' ? 'ignore' : 'error'),
  throwOnError: true,
} as const;

/** A formula on its own line, as HTML and MathML. */
export const math: Renderers['math'] = (latex) => katex.renderToString(latex, { ...settings, displayMode: true });

/** A formula within a line. */
export const symbol: Renderers['symbol'] = (latex) => katex.renderToString(latex, settings);

const reader = new MarkdownIt();

/** A text in Markdown. */
export const markdown: Renderers['markdown'] = (text) => reader.render(text);

const languages = ['typescript', 'python', 'json', 'shellscript', 'cpp', 'toml', 'html'];
const themes = { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' } as const;
const names: Readonly<Record<string, string>> = { ts: 'typescript', js: 'typescript', sh: 'shellscript', py: 'python' };

/** The class of each pair of colours, light and dark, in the order in which they were met. */
const classes = new Map<string, string>();

const classOf = (style: string): string => {
  const known = classes.get(style) ?? `c${classes.size}`;
  classes.set(style, known);
  return known;
};

/** The rules of all classes that were used. */
export const codeStyles = (): string => [...classes].map(([style, name]) => `.${name}{${style}}`).join('\n');

/** A text whose identifiers may be shown in another way. */
const marked = (text: string, shown: (identifier: string) => string | undefined): string =>
  text
    .split(/([A-Za-z_]\w*)/)
    .map((part, i) => (i % 2 === 1 ? shown(part) : undefined) ?? escaped(part))
    .join('');

/** Makes the renderer of programs. Languages that it does not know are plain text. */
export async function highlighter(): Promise<Renderers['code']> {
  const shiki = await createHighlighter({ langs: languages, themes: Object.values(themes) });
  return (text, language, shown = () => undefined) => {
    const lang = names[language] ?? language;
    const known = languages.includes(lang) ? lang : 'text';
    const { tokens } = shiki.codeToTokens(text.trimEnd(), { lang: known as 'text', themes, defaultColor: false });
    const lines = tokens.map((line) =>
      line
        .map(({ content, htmlStyle }) => {
          const style =
            typeof htmlStyle === 'string'
              ? htmlStyle
              : Object.entries(htmlStyle ?? {})
                  .map((pair) => pair.join(':'))
                  .join(';');
          const isComment = /^\s*(\/\*\*|\*|\/\/)/.test(content);
          const html = isComment ? escaped(content) : marked(content, shown);
          return /^\s*$/.test(content) ? html : `<span class="${classOf(style)}">${html}</span>`;
        })
        .join(''),
    );
    return `<pre tabindex="0"><code>${lines.join('\n')}</code></pre>`;
  };
}
