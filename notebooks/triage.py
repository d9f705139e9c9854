"""Triage by incident: `make triage`, or `marimo run notebooks/triage.py -- --capture C --model M`."""

import marimo

app = marimo.App(width="medium", app_title="rtml triage")


@app.cell
def _():
    import marimo as mo

    given = mo.cli_args()
    return given, mo


@app.cell
def _(given, mo):
    place = given.get("capture") or "datasets/lab-v1/capture"
    saved = given.get("model")
    learning = "" if saved else ", after learning from its first three quarters"
    mo.md(f"## Triage\n\nHunting in {mo.as_html(str(place))}{learning}: this page grows as things are found.")
    return place, saved


@app.cell
def _(given, mo, place, saved):
    with mo.status.spinner(title="Opening the capture") as step:
        import rtml
        from rtml.analyst import model_for
        from rtml.errors import RtmlError
        from rtml.notebook import begin, path_of

        hunt = lacking = None
        try:
            capture = begin(place)
            step.update("Reading the model" if saved else "Learning what is usual (no --model was given)")
            model = model_for(capture, path_of(saved) if saved else None)
            step.update(f"Hunting in {capture.manifest.events:,} events")
            hunt = rtml.hunt(capture, model, verdicts=given.get("verdicts") or "verdicts.jsonl")
        except RtmlError as error:
            lacking = mo.plain_text(str(error))
    mo.stop(hunt is None, lacking)
    found = f"{len(hunt)} incidents, gravest first. Verdicts go to `{hunt.verdicts}`. {hunt.untuned}"
    mo.md(found)
    return (hunt,)


@app.cell
def _(hunt, mo):
    from rtml.text import visible

    view = hunt.view().to_dicts()
    names = [
        f"{row['incident']}: {row['severity']:.1f} {visible(row['workload'] or '?', 40)}: "
        f"{visible(row['what'] or '', 80)}"
        for row in view
    ]
    choice = mo.ui.dropdown(
        {name: row["incident"] for name, row in zip(names, view, strict=True)},
        value=names[0] if names else None,
        label="incident",
        full_width=True,
    )
    choice
    return (choice,)


@app.cell
def _(choice, hunt, mo):
    mo.stop(choice.value is None, mo.md("Nothing was found: neither rules nor the model raised anything."))
    incident = hunt[choice.value]
    mo.ui.tabs(
        {
            "what": mo.Html(incident._repr_html_()),
            "why": mo.Html(incident.explain()._repr_html_()),
            "tree": mo.Html(incident.tree().markup),
            "timeline": mo.Html(incident.timeline().markup),
            "peers": mo.Html(incident.peers().markup),
            "history": mo.Html(incident.history().markup),
            "connections": mo.Html(incident.connections().markup),
            "events": mo.Html(incident.events()._repr_html_()),
            "similar": mo.Html(incident.similar()._repr_html_()),
        }
    )
    return (incident,)


@app.cell
def _(incident, mo):
    mo.stop(incident is None)  # afresh for every incident: what was about to be said of another is gone
    verdict = mo.ui.radio(["benign", "attack", "unsure"], value="unsure", label="It was")
    reason = mo.ui.text(label="because", full_width=True)
    keep = mo.ui.run_button(label="keep the verdict")
    mo.vstack([verdict, reason, keep])
    return keep, reason, verdict


@app.cell
def _(incident, keep, mo, reason, verdict):
    mo.stop(not keep.value)
    from rtml.errors import RtmlError as Refused

    try:
        said = incident.verdict(verdict.value, reason.value)
        kept = mo.md(f"Kept: *{said.verdict}* by {mo.as_html(said.by)}.")
    except Refused as error:
        kept = mo.plain_text(f"Not kept: {error}")
    kept
    return


if __name__ == "__main__":
    app.run()
