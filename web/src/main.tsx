import { render } from "preact";
import { App } from "./app";
import { start } from "./start";
import "./tokens.css";
import "./components.css";
import "./parts.css";

start();
render(<App />, document.getElementById("app")!);
