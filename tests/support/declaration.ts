/**
 * Writes the types of `src/index.ts` as one file that needs no other: what `aggregator init` lays beside
 * a configuration. The compiler emits the declarations; here they are put together, without what the
 * public names do not reach.
 *
 *     bun run generate
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatted } from "./formatted.ts";

const root = join(import.meta.dir, "../..");

/** Where the outcome is kept, for the executable to carry. */
export const DECLARATION_FILE = join(root, "src/cli/init/aggregator.d.ts.txt");

const HEADER = `// The types of Aggregator, for an editor to complete and check aggregator.config.ts.
// Written by "aggregator init"; "aggregator init --types" writes it again after an upgrade.
`;

/** Where a name of a file comes from. */
interface Origin {
  readonly file: string;
  readonly name: string;
}

/** A declaration file, taken apart. */
interface Module {
  /** Texts of the declarations by name; overloads stand together. */
  readonly declarations: ReadonlyMap<string, string>;
  /** Names from elsewhere that are used here, or passed on. */
  readonly imports: ReadonlyMap<string, Origin>;
  readonly reexports: ReadonlyMap<string, Origin>;
  /** Local names that are exported. */
  readonly exported: ReadonlySet<string>;
  /** Files that everything is passed on from. */
  readonly stars: readonly string[];
}

/** The declarations behind an entry, as one ambient module. Throws on what it cannot put together. */
export function bundleDeclarations(
  entry: string,
  options: { readonly module: string; readonly read: (file: string) => string },
): string {
  const modules = new Map<string, Module>();
  const moduleOf = (file: string): Module => {
    const known = modules.get(file) ?? parseModule(options.read(file), file);
    modules.set(file, known);
    return known;
  };
  const exportsOf = (file: string): Map<string, Origin> => {
    const { reexports, exported, stars } = moduleOf(file);
    return new Map([
      ...stars.flatMap((star) => [...exportsOf(star)]),
      ...reexports,
      ...[...exported].map((name) => [name, { file, name }] as const),
    ]);
  };
  const names = exportsOf(entry);
  const texts = new Map<string, { readonly file: string; readonly text: string }>();

  const include = ({ file, name }: Origin): void => {
    // The compiler may name a public type by way of the module itself.
    if (file === options.module) return include(names.get(name) ?? { file: entry, name });
    if (!isLocal(file))
      throw new Error(`Type ${name} of package ${file} is part of the public types`);
    const module = moduleOf(file);
    const passedOn = module.reexports.get(name) ?? module.imports.get(name);
    const text = module.declarations.get(name);
    if (text === undefined) {
      if (passedOn === undefined) throw new Error(`Cannot find ${name} in ${file}`);
      include(passedOn);
      return;
    }
    const known = texts.get(name);
    if (known !== undefined) {
      if (known.file !== file)
        throw new Error(`Two types are named ${name}: ${known.file}, ${file}`);
      return;
    }
    const inlined = text.replace(
      /\bimport\("([^"]+)"\)\.([A-Za-z_$][\w$]*)/g,
      (_, specifier: string, inner: string) => {
        pending.push({ file: resolve(file, specifier), name: inner });
        return inner;
      },
    );
    texts.set(name, { file, text: inlined });
    for (const word of wordsOf(inlined)) {
      const origin = module.imports.get(word);
      if (origin !== undefined) pending.push(origin);
      else if (word !== name && module.declarations.has(word)) pending.push({ file, name: word });
    }
  };

  const pending: Origin[] = [];
  for (const origin of names.values()) include(origin);
  for (let next = pending.shift(); next !== undefined; next = pending.shift()) include(next);

  const body = [...texts.values()].map(({ text }) => text).join("\n\n");
  return `${HEADER}\ndeclare module "${options.module}" {\n${body}\n\nexport { ${[...names.keys()].sort().join(", ")} };\n}\n`;
}

function parseModule(text: string, file: string): Module {
  const declarations = new Map<string, string>();
  const imports = new Map<string, Origin>();
  const reexports = new Map<string, Origin>();
  const exported = new Set<string>();
  const stars: string[] = [];
  for (const statement of statementsOf(text)) {
    const code = statement.replace(/^(?:\/\*\*[\s\S]*?\*\/|\/\/.*|\s)+/, "");
    const list = /^(import|export)\s+(?:type\s+)?\{([^}]*)\}(?:\s*from\s*"([^"]+)")?/.exec(code);
    const namespace = /^import\s+(?:type\s+)?\*\s+as\s+(\w+)\s+from\s*"([^"]+)"/.exec(code);
    const declared =
      /^(export\s+)?(?:declare\s+)?(?:abstract\s+)?(?:function|interface|type|const|let|class)\s+([A-Za-z_$][\w$]*)/.exec(
        code,
      );
    const star = /^export\s+\*\s+from\s*"([^"]+)"/.exec(code);
    if (star !== null) {
      stars.push(resolve(file, star[1]!));
    } else if (namespace !== null) {
      imports.set(namespace[1]!, { file: resolve(file, namespace[2]!), name: namespace[1]! });
    } else if (list !== null) {
      for (const item of list[2]!
        .split(",")
        .map((part) => part.trim())
        .filter(Boolean)) {
        const name = item.replace(/^type\s+/, "");
        if (/\sas\s/.test(name))
          throw new Error(`Cannot follow "${name}" in ${file}: it is renamed`);
        if (list[3] === undefined) exported.add(name);
        else {
          const origin = { file: resolve(file, list[3]), name };
          (list[1] === "import" ? imports : reexports).set(name, origin);
        }
      }
    } else if (declared !== null) {
      const name = declared[2]!;
      if (declared[1] !== undefined) exported.add(name);
      // The comment before it stays; inside an ambient module nothing is declared or exported by itself.
      const comment = statement.slice(0, statement.length - code.length);
      const bare = comment + code.replace(/^(?:export\s+)?(?:declare\s+)?/, "");
      const before = declarations.get(name);
      declarations.set(name, before === undefined ? bare : `${before}\n${bare}`);
    } else if (code.trim() !== "" && !/^import\s*"/.test(code)) {
      throw new Error(`Cannot read a statement of ${file}: ${code.slice(0, 80)}`);
    }
  }
  return { declarations, imports, reexports, exported, stars };
}

/** Cuts at lines that begin a statement: the compiler indents everything else. */
function statementsOf(text: string): string[] {
  const statements: string[] = [];
  let current: string[] = [];
  let inComment = false;
  let hasCode = false;
  for (const line of text.split("\n")) {
    const begins =
      !inComment && /^(?:\/\*\*|export\b|declare\b|import\b|interface\b|type\b)/.test(line);
    if (begins && hasCode) {
      statements.push(current.join("\n"));
      current = [];
      hasCode = false;
    }
    current.push(line);
    if (!inComment && line.startsWith("/**")) inComment = !line.includes("*/");
    else if (inComment) inComment = !line.includes("*/");
    else if (line.trim() !== "" && !line.startsWith("//")) hasCode = true;
  }
  statements.push(current.join("\n"));
  return statements;
}

function wordsOf(declaration: string): Set<string> {
  const code = declaration.replace(/\/\*[\s\S]*?\*\//g, "").replace(/"[^"\n]*"/g, "");
  return new Set(code.match(/[A-Za-z_$][\w$]*/g));
}

function isLocal(file: string): boolean {
  return file.startsWith("/");
}

/** Paths are made absolute below an invented root; the name of a package stays what it is. */
function resolve(from: string, specifier: string): string {
  return specifier.startsWith(".") ? new URL(specifier, `file://${from}`).pathname : specifier;
}

/** The public types of the program as they are now. */
export function declarePublicTypes(): string {
  // Inside the repository, so that the compiler finds the packages.
  mkdirSync(join(root, ".cache"), { recursive: true });
  const folder = mkdtempSync(join(root, ".cache/types-"));
  try {
    const shapes = shapesOfSchemas();
    writeFileSync(join(folder, "shapes.ts"), sourceOf(shapes));
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        extends: "../../tsconfig.json",
        compilerOptions: {
          noEmit: false,
          declaration: true,
          emitDeclarationOnly: true,
          rootDir: root,
          outDir: join(folder, "out"),
        },
        files: [join(root, "src/index.ts"), "shapes.ts"],
        // Types of packages that bring none.
        include: ["../../src/**/*.d.ts"],
      }),
    );
    execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", folder], { stdio: "pipe" });
    const emitted = (file: string): string =>
      readFileSync(join(folder, "out", file.replace(/\.ts$/, ".d.ts")), "utf8");
    const spelledOut = parseModule(emitted(join(folder.slice(root.length), "shapes.ts")), "/");
    const bundled = bundleDeclarations("/src/index.ts", {
      module: "aggregator",
      read: (file) => insertShapes(emitted(file), spelledOut.declarations),
    });
    return formatted("aggregator.d.ts", bundled);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A type that is read off a schema of valibot: `type Shape = v.InferInput<typeof schema>`. */
interface Shape {
  readonly name: string;
  readonly schema: string;
  /** Where the schema is. */
  readonly file: string;
}

const INFERRED = /^(?:export )?type (\w+) = v\.InferInput<typeof (\w+)>;$/gm;

function shapesOfSchemas(): Shape[] {
  return readdirSync(join(root, "src/config")).flatMap((name) => {
    const text = readFileSync(join(root, "src/config", name), "utf8");
    return [...text.matchAll(INFERRED)].map(([, shape, schema]) => {
      const from = new RegExp(`^import [^;]*\\b${schema}\\b[^;]* from "([^"]+)";$`, "m").exec(text);
      const file = resolve(`/src/config/${name}`, from?.[1] ?? `./${name}`);
      return { name: shape!, schema: schema!, file };
    });
  });
}

/** Has the compiler spell the shapes out: what a conditional type comes to loses its name. */
function sourceOf(shapes: readonly Shape[]): string {
  const lines = shapes.map(
    ({ name, schema, file }) =>
      `export const ${name} = plain<InferInput<typeof import("../..${file}").${schema}>>();\n`,
  );
  return `import type { InferInput } from "valibot";
type Plain<T> = T extends infer O ? { [Key in keyof O]: O[Key] } : never;
declare function plain<T>(): Plain<T>;
${lines.join("")}`;
}

/** What the compiler makes of the one alias that every other line would show. */
const DURATION_SPELLED_OUT = ["d", "h", "m", "ms", "s", "us"]
  .map((unit) => `\`\${number}${unit}\``)
  .join(" | ");

function insertShapes(text: string, spelledOut: ReadonlyMap<string, string>): string {
  return text.replace(INFERRED, (line, name: string) => {
    const declaration = spelledOut.get(name);
    if (declaration === undefined) return line;
    // The imports inside begin at the folder of the shapes, two below the root.
    return declaration
      .replace(/^const (\w+): /, "type $1 = ")
      .replaceAll('import("../../', 'import("/')
      .replaceAll(DURATION_SPELLED_OUT, 'import("/src/config/duration.ts").DurationText');
  });
}

if (import.meta.main) writeFileSync(DECLARATION_FILE, declarePublicTypes());
