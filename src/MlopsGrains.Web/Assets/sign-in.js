addEventListener("click", e => {
  const button = e.target.closest("[data-do=show-password]");
  if (!button) return;
  const field = button.parentElement.querySelector("input"), shown = field.type === "text";
  field.type = shown ? "password" : "text";
  button.setAttribute("aria-pressed", String(!shown));
});
