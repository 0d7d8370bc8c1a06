import { render } from "preact";
import { App } from "./App.tsx";

const root = document.getElementById("weir");
if (root === null) throw new Error("index.html has no element with the id weir");
render(<App />, root);
