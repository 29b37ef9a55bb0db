import "./tokens.css";
import "./components.css";
import "./parts.css";
import { render } from "preact";
import { App } from "./app";
import { start } from "./start";

start();
render(<App />, document.getElementById("app")!);
