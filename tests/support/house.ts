/**
 * The rules of the house, checked over the text of the sources. A tree is a map of paths (relative to
 * the repository, with `/`) to texts, so that the checker itself can be tested on planted violations.
 */
export type Tree = ReadonlyMap<string, string>;

export interface Violation {
  readonly file: string;
  /** What is wrong and what is wanted. */
  readonly message: string;
}

/** What a folder of `src` may import besides itself. A folder ends with `/`; anything else is one file. */
interface FolderRule {
  readonly inside: readonly string[];
  /** npm packages: all of them, or none. */
  readonly packages: "any" | "none";
  /** Modules of the runtime, such as `node:fs`. */
  readonly builtins: "any" | "none";
}

const PURE = { packages: "none", builtins: "none" } as const;
const FREE = { packages: "any", builtins: "any" } as const;

/** What others may know of the pipeline. */
const VIEW = ["pipeline/view.ts", "pipeline/control.ts"] as const;

const FOLDERS: Readonly<Record<string, FolderRule>> = {
  core: { ...PURE, inside: [] },
  aggregations: { ...PURE, inside: ["core/"] },
  decode: { ...PURE, inside: ["core/"] },
  engine: { ...PURE, inside: ["core/", "aggregations/"] },
  // The client that the Kafka source and the Kafka sink share.
  kafka: { ...FREE, inside: ["core/"] },
  sources: { ...FREE, inside: ["core/", "kafka/"] },
  sinks: { ...FREE, inside: ["core/", "kafka/"] },
  state: { ...FREE, inside: ["core/"] },
  bus: { ...FREE, inside: ["core/", "http/", "decode/"] },
  pipeline: {
    ...FREE,
    inside: ["core/", "aggregations/", "decode/", "engine/", "sources/", "sinks/", "state/"],
  },
  config: { ...FREE, inside: ["core/", "aggregations/", "sources/", "sinks/"] },
  http: { ...FREE, inside: ["core/"] },
  status: { ...FREE, inside: ["core/", "http/", ...VIEW] },
  alerts: { ...FREE, inside: ["core/", ...VIEW] },
  flink: { ...FREE, inside: ["core/", "config/"] },
  cli: {
    ...FREE,
    inside: [
      "core/",
      "config/",
      "sources/",
      "sinks/",
      "state/",
      "bus/",
      "pipeline/",
      "status/",
      "alerts/",
      "flink/",
      "index.ts",
      "../package.json",
      "../aggregator.config.ts",
    ],
  },
  "main.ts": { ...PURE, inside: ["cli/"] },
  "index.ts": { ...PURE, inside: ["core/", "aggregations/", "config/", "sources/", "sinks/"] },
};

/** Folders that compute and nothing else. */
const PURE_FOLDERS = ["core", "aggregations", "decode", "engine"] as const;

/** What reaches for time, chance, the outside or a later turn of the event loop. */
const IMPURE =
  /\bDate\.now\b|\bnew Date\(\)|\bperformance\b|\bTemporal\.Now\b|\bMath\.random\b|\brandom(?:UUID|Bytes|Int)\b|\bgetRandomValues\b|\bawait\b|\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b|\bfetch\(|\bconsole\.|\bprocess\.|\bBun\.|\bDeno\./g;

/** Paths that exist on the machine of one person only. */
const MACHINE_PATH = /(?:^|[\s"'`(=:])(\/(?:work|home|root|Users|tmp|mnt)\/|[A-Z]:\\)/m;

const TOP_LEVEL: ReadonlySet<string> = new Set([
  "src",
  "tests",
  "docs",
  "aggregator.config.ts",
  "bunfig.toml",
  "package.json",
  "tsconfig.json",
  "deno.json",
  "bun.lock",
  "README.md",
  "README.ru.md",
  "CHANGELOG.md",
  "Dockerfile",
  "LICENSE",
]);

const LISTS = [
  { folder: "src/sources", call: /\bdefineSource\b\s*[(<]/ },
  { folder: "src/sinks", call: /\bdefineSink\b\s*[(<]/ },
  { folder: "src/aggregations", call: /\bdefine(?:Object)?Aggregation\b\s*[(<]/ },
] as const;

const LINES_MAX = 500;

/** Every rule over every file. */
export function checkHouse(tree: Tree): Violation[] {
  const sources = [...tree].filter(([file]) => /^src\/.*\.ts$/.test(file));
  return [
    ...sources.flatMap(([file, text]) => checkImports(file, text)),
    ...sources.flatMap(([file, text]) => checkPurity(file, text)),
    ...LISTS.flatMap((list) => checkList(tree, list)),
    ...[...tree].flatMap(([file, text]) => checkMachinePaths(file, text)),
    ...[...tree].flatMap(([file, text]) => checkSize(file, text)),
  ];
}

/** The names at the top of the repository; those with a leading dot are free. */
export function checkTopLevel(names: readonly string[]): Violation[] {
  return names
    .filter((name) => !name.startsWith(".") && !TOP_LEVEL.has(name))
    .map((name) => ({
      file: name,
      message: "is not one of the names that the top level may hold; it belongs into a folder",
    }));
}

/**
 * The specifiers of every import and re-export, those of types included. It relies on the formatter: a
 * statement begins at the start of its line, a line of a comment does not.
 */
export function importsOf(text: string): string[] {
  const statement =
    /^(?:import\s*(?:[^"';()]*?\sfrom\s*)?|export\s[^"';=()]*?\sfrom\s*)["']([^"']+)["']/gm;
  const call = /\bimport\(\s*["'`]([^"'`]+)["'`]/g;
  const uncommented = text.replace(/^\s*(?:\/\/|\*|\/\*).*$/gm, "");
  return [...text.matchAll(statement), ...uncommented.matchAll(call)].map((match) => match[1]!);
}

function checkImports(file: string, text: string): Violation[] {
  const folder = file.split("/")[1]!;
  const rule = FOLDERS[folder];
  if (rule === undefined) {
    return [{ file, message: `lies in src/${folder}, for which there is no rule in the house` }];
  }
  return importsOf(text).flatMap((specifier) => {
    const fault = faultOf(specifier, { file, folder, rule });
    return fault === undefined ? [] : [{ file, message: `imports ${specifier}: ${fault}` }];
  });
}

function faultOf(
  specifier: string,
  at: { readonly file: string; readonly folder: string; readonly rule: FolderRule },
): string | undefined {
  const { file, folder, rule } = at;
  if (specifier.startsWith("node:") || specifier.startsWith("bun:") || specifier === "bun") {
    return rule.builtins === "any" ? undefined : `${folder} has no business with the runtime`;
  }
  if (!specifier.startsWith(".")) {
    return rule.packages === "any" ? undefined : `${folder} uses no packages`;
  }
  // Relative to src, so that a path that leaves it begins with "../".
  const target = relativeToSrc(file, specifier);
  if (target.startsWith(`${folder}/`)) return undefined;
  const allowed = rule.inside.some((entry) =>
    entry.endsWith("/") ? target.startsWith(entry) : target === entry,
  );
  if (allowed) return undefined;
  return `${folder} may import only ${rule.inside.length === 0 ? "itself" : rule.inside.join(", ")}`;
}

function relativeToSrc(file: string, specifier: string): string {
  const path = new URL(specifier, `file:///r/${file}`).pathname.slice("/r/".length);
  return path.startsWith("src/") ? path.slice("src/".length) : `../${path}`;
}

const transpiler = new Bun.Transpiler({ loader: "ts", target: "bun" });

function checkPurity(file: string, text: string): Violation[] {
  if (!PURE_FOLDERS.some((folder) => file.startsWith(`src/${folder}/`))) return [];
  // Comments and types may speak of time; only code may not read it.
  const code = transpiler.transformSync(text).replace(/"(?:[^"\\\n]|\\.)*"/g, '""');
  const found = new Set([...code.matchAll(IMPURE)].map((match) => match[0]));
  return [...found].map((word) => ({
    file,
    message: `uses ${word}: time, chance and waiting come in as arguments here`,
  }));
}

function checkList(tree: Tree, list: (typeof LISTS)[number]): Violation[] {
  const file = `${list.folder}/list.ts`;
  const inFolder = new RegExp(`^${list.folder}/(?!list\\.ts$)([^/]+\\.ts)$`);
  const components = [...tree]
    .filter(([path, text]) => inFolder.test(path) && list.call.test(text))
    .map(([path]) => path);
  const text = tree.get(file);
  if (text === undefined) {
    return components.map((path) => ({ file: path, message: `is in no list: ${file} is missing` }));
  }
  const listed = new Set(
    importsOf(text)
      .filter((specifier) => specifier.startsWith("./"))
      .map((specifier) => `${list.folder}/${specifier.slice(2)}`),
  );
  return [
    ...components
      .filter((path) => !listed.has(path))
      .map((path) => ({ file: path, message: `is missing in ${file}` })),
    ...[...listed]
      .filter((path) => !components.includes(path))
      .map((path) => ({ file, message: `lists ${path}, which defines no component` })),
  ];
}

function checkMachinePaths(file: string, text: string): Violation[] {
  const match = MACHINE_PATH.exec(text);
  return match === null ? [] : [{ file, message: `names a path of one machine: ${match[1]}` }];
}

function checkSize(file: string, text: string): Violation[] {
  const lines = text.split("\n").length - 1;
  if (!file.endsWith(".ts") || file.endsWith(".d.ts") || lines <= LINES_MAX) return [];
  return [{ file, message: `has ${lines} lines: more than ${LINES_MAX} is several things in one` }];
}
