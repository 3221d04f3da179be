// The page's script: loads GraphiQL, and is a plain console where that cannot be loaded.
"use strict";

const ENDPOINT = new URL("graphql", document.baseURI).href;
const SCRIPTS = [
  ["https://cdn.jsdelivr.net/npm/react@18.3.1/umd/react.production.min.js",
    "sha384-DGyLxAyjq0f9SPpVevD6IgztCFlnMF6oW/XQGmfe+IsZ8TqEiDrcHkMLKI6fiB/Z"],
  ["https://cdn.jsdelivr.net/npm/react-dom@18.3.1/umd/react-dom.production.min.js",
    "sha384-gTGxhz21lVGYNMcdJOyq01Edg0jhn/c22nsx0kyqP0TxaV5WVdsSH1fSDUf5YJj1"],
  ["https://cdn.jsdelivr.net/npm/graphiql@3.9.0/graphiql.min.js",
    "sha384-8NGfVj4CVlqHajlZj+bPJT4thxPMHMJYn7DWK2CvtopLd02E7qsPHazniBYvVjOO"],
];
const STYLE = ["https://cdn.jsdelivr.net/npm/graphiql@3.9.0/graphiql.min.css",
  "sha384-QMux00XgRtwRLSYIY3kw2rj1ovk5AuuliAchk+HSQbqdbGFnz9GYuqIlOqxhwCE2"];
// A network that swallows packets must not leave people before an empty page.
const LOAD_MS_MAX = 8000;
const FIRST_QUERY = "# Ctrl+Enter runs the query.\n{\n  __schema {\n    queryType {\n      fields {\n        name\n        description\n      }\n    }\n  }\n}\n";

// A link may bring its query: /?query=…
const LINKED_QUERY = new URLSearchParams(location.search).get("query");

const at = (id) => document.getElementById(id);

function load(element, attributes) {
  return new Promise((resolve, reject) => {
    Object.assign(element, attributes, { crossOrigin: "anonymous", onload: resolve });
    element.onerror = () => reject(new Error("could not be loaded"));
    document.head.append(element);
  });
}

async function loadGraphiql() {
  const [href, integrity] = STYLE;
  await load(document.createElement("link"), { rel: "stylesheet", href, integrity });
  for (const [src, integrity] of SCRIPTS) {
    await load(document.createElement("script"), { src, integrity });
  }
}

function showGraphiql() {
  const { React, ReactDOM, GraphiQL } = window;
  const fetcher = GraphiQL.createFetcher({
    url: ENDPOINT,
    headers: { accept: "application/graphql-response+json, application/json;q=0.9" },
  });
  const page = React.createElement(GraphiQL, {
    fetcher,
    defaultQuery: FIRST_QUERY,
    ...(LINKED_QUERY && { query: LINKED_QUERY }),
  });
  ReactDOM.createRoot(at("graphiql")).render(page);
}

function showConsole(why) {
  at("graphiql").hidden = true;
  at("console").hidden = false;
  at("why").textContent = why;
  at("query").value = LINKED_QUERY || FIRST_QUERY;
  at("console").addEventListener("submit", (event) => { event.preventDefault(); run(); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); run(); }
  });
  at("query").focus();
}

async function run() {
  let variables;
  try {
    variables = JSON.parse(at("variables").value.trim() || "null");
  } catch (error) {
    at("outcome").textContent = `The variables are not JSON: ${error.message}`;
    return;
  }
  at("outcome").textContent = "Running …";
  const started = performance.now();
  const token = at("token").value.trim();
  try {
    const response = await fetch(ENDPOINT, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/graphql-response+json",
        ...(token && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ query: at("query").value, variables }),
    });
    const text = await response.text();
    at("outcome").textContent = `${response.status} in ${Math.round(performance.now() - started)} ms`;
    try {
      at("result").value = JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      at("result").value = text;
    }
  } catch (error) {
    at("outcome").textContent = `The server could not be reached: ${error.message}`;
  }
}

const tooLong = new Promise((_, reject) => setTimeout(() => reject(new Error("took too long")), LOAD_MS_MAX));
Promise.race([loadGraphiql(), tooLong]).then(showGraphiql).catch(() => showConsole(
  "GraphiQL needs the internet (cdn.jsdelivr.net), which this browser could not reach. This plain console runs queries without it."));
