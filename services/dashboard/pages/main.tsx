import { render } from "preact";

render(<h1>Weir</h1>, document.getElementById("weir") as HTMLElement);
