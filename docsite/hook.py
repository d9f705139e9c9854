"""What mkdocs runs when it builds: pages that are made or lie elsewhere, and links between pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docsite.catalogues import CATALOGUES
from docsite.notebooks import filled, tutorial
from docsite.places import ROOT, outside, rewritten, source_of, tutorials
from docsite.reference import REFERENCE, reference

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

__all__ = ["made", "on_config", "on_files", "on_page_content", "on_page_markdown"]


def made() -> dict[str, str]:
    """Return the pages that nobody wrote: page to text."""
    taught = {page: tutorial(ROOT / file)[0] for file, page in tutorials().items()}
    catalogues = {f"catalogues/{name}.md": page() for name, page in CATALOGUES.items()}
    return taught | catalogues | {f"reference/{name}.md": reference(name) for name in REFERENCE}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add the notebooks and data cards that are there to the navigation; headings have GitHub's anchors."""
    from pymdownx.slugs import slugify

    config.mdx_configs.setdefault("toc", {})["slugify"] = slugify(case="lower")
    found = {
        "Data": [page for page in outside().values() if page.startswith("data/")],
        "Tutorials": list(tutorials().values()),
    }
    for part in config.nav or ():
        for name in found.keys() & part.keys():
            part[name] = [*part[name], *found[name]]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what does not lie in ``docs/``."""
    from mkdocs.structure.files import File

    for file, page in outside().items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / file)))
    for page, text in made().items():
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Turn links between files of the repository into links between pages."""
    return rewritten(markdown, page.file.src_uri)


def on_page_content(html: str, page: Page, **_: Any) -> str:
    """Put what notebooks printed and drew where it belongs."""
    if page.file.src_uri not in tutorials().values():
        return html
    return filled(html, tutorial(ROOT / source_of(page.file.src_uri))[1])
