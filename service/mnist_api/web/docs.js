// Shows /openapi.json as a page: what can be asked, with what, and what comes back.

const make = (tag, text, ...children) => {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  element.append(...children);
  return element;
};

const table = (caption, heads, rows) => {
  if (!rows.length) return [];
  const body = rows.map((cells) => make("tr", "", ...cells.map((cell) => make("td", "", cell))));
  const head = make("tr", "", ...heads.map((name) => Object.assign(make("th", name), { scope: "col" })));
  return [make("h3", caption), make("table", "", make("thead", "", head), make("tbody", "", ...body))];
};

// A schema with what it refers to written out, so that it can be read where it stands.
const written = (schema, schemas) => {
  if (Array.isArray(schema)) return schema.map((part) => written(part, schemas));
  if (schema === null || typeof schema !== "object") return schema;
  if (schema.$ref) return written(schemas[schema.$ref.split("/").pop()], schemas);
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key]) => key !== "title")
      .map(([key, value]) => [key, written(value, schemas)]),
  );
};

const contents = (caption, content, schemas) =>
  Object.entries(content ?? {}).flatMap(([type, { schema }]) => {
    const text = JSON.stringify(written(schema, schemas), null, 2);
    const shown = make("pre", "", make("code", text));
    // Scrolls sideways, so a keyboard must reach it.
    shown.tabIndex = 0;
    shown.setAttribute("aria-label", `${caption}, ${type}`);
    return [make("h3", `${caption}: ${type}`), shown];
  });

const operation = (path, method, described, schemas) => {
  const parameters = (described.parameters ?? []).map((parameter) => [
    make("code", parameter.name),
    parameter.in,
    parameter.description,
  ]);
  const { 200: answer, ...failures } = described.responses;
  const errors = Object.entries(failures).map(([status, { description }]) => [
    status,
    make("code", description.replaceAll("`", "")),
  ]);
  const inside = make(
    "div",
    "",
    ...table("Parameters", ["name", "in", "meaning"], parameters),
    ...contents("Body", described.requestBody?.content, schemas),
    ...contents("Answer", answer.content, schemas),
    ...table("Errors", ["status", "codes"], errors),
  );
  inside.className = "inside";
  const title = make("summary", "", make("code", `${method.toUpperCase()} ${path}`), " ");
  title.append(make("span", described.summary));
  return make("details", "", title, inside);
};

const show = ({ info, paths, components }) => {
  document.querySelector("#about").textContent = `${info.version}. ${info.description.replaceAll("`", "")}`;
  const sections = new Map();
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, described] of Object.entries(methods)) {
      const [tag] = described.tags;
      if (!sections.has(tag)) sections.set(tag, make("section", "", make("h2", tag)));
      sections.get(tag).append(operation(path, method, described, components.schemas));
    }
  }
  document.querySelector("#operations").append(...sections.values());
};

try {
  show(await (await fetch("/openapi.json")).json());
} catch (error) {
  document.querySelector("#about").textContent = `The description cannot be read: ${error.message}`;
}
