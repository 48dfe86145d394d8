"use strict";

// Relative, as everything on the page is: it may be served below any prefix.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#api",
  deepLinking: true,
  // The default asks another host whether the description is valid.
  validatorUrl: null,
});
