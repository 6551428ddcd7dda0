"""What every page has in common: autoescape, one style, one script, and the policy that allows only these.

Pages ask nothing of the network and are complete without JavaScript. A template extends ``layout.html``.
"""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from biasscope.figures.labels import visible
from biasscope.report import wording
from biasscope.report.grid import NUMBERS

_LONG, _JOINT = re.compile(r"\S{14,}"), re.compile(r"(?<=[^\W_][_/.])(?=\w)")


def page(template: str, *, styles: tuple[str, ...] = (), **values: Any) -> bytes:
    """HTML of a page, as bytes; the same values give the same bytes.

    Parameters
    ----------
    template
        Name of a template that extends ``layout.html``.
    styles
        Names of style sheets in ``static/`` that follow ``report.css``.
    values
        What the template shows. Text is escaped; only ``Markup`` is taken as it is.
    """
    style, script = "".join(map(static, ("report.css", *styles))), static("report.js")
    text = (
        environment()
        .get_template(template)
        .render(
            style=Markup(style),  # noqa: S704  (our own file, inlined)
            script=Markup(script),  # noqa: S704
            policy=policy(style, script),
            **values,
        )
    )
    return text.encode()


@cache
def environment() -> Environment:
    """Templates of all pages: autoescape, undefined names are errors, no control characters."""
    made = Environment(
        loader=PackageLoader("biasscope.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"anything": wording.anything, "count": wording.count, "breakable": breakable, "shell": shlex.join}
    made.globals |= {"wording": wording, "numeric": NUMBERS}
    return made


@cache
def static(name: str) -> str:
    """Text of a file in ``static/``."""
    return files("biasscope.report").joinpath("static", name).read_text("utf-8")


def policy(style: str, script: str) -> str:
    """Content security policy of a page with this inlined style and script, and nothing else."""
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script)]
    return (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def breakable(text: object) -> Markup:
    """Text whose long words may be broken behind underscores, slashes and full stops, as they may behind hyphens.

    >>> breakable("mobilenet_v2_imagenet <pac>")
    Markup('mobilenet_<wbr>v2_<wbr>imagenet &lt;pac&gt;')
    """
    escaped = str(escape(visible(str(text))))
    return Markup(_LONG.sub(lambda word: _JOINT.sub("<wbr>", word[0]), escaped))  # noqa: S704  (escaped before)


def _finalize(value: Any) -> Any:
    """Every text that is printed loses its control characters; markup of our own is left alone."""
    return visible(value) if type(value) is str else value
