"""What was sent from the page of a new run: as a form, or as the YAML of the same."""

from dataclasses import dataclass, replace
from functools import cached_property

from flowdppo_engine.config import RunConfig
from flowdppo_engine.recipes import load_recipe
from runs.config_errors import Errors
from runs.config_form import ConfigForm, texts_in
from runs.config_texts import Texts, texts_of
from runs.config_yaml import Problem, YamlInvalid, problems_of, texts_of_yaml, yaml_of
from runs.forms import RunForm
from runs.models import Run
from runs.recipe_switch import Switch, switch_recipe
from runs.selectors import parse_run_id, visible_runs
from teams.models import User

FIRST_RECIPE = "sandbox-flow-dppo"
YAML, FORM = "yaml", "form"


@dataclass(frozen=True)
class YamlView:
    """The YAML as it was typed, with what is to be put right in it."""

    text: str
    problems: tuple[Problem, ...] = ()
    is_readable: bool = True

    @property
    def num_lines(self) -> int:
        return max(12, min(40, len(self.text.splitlines()) + 1))


@dataclass(frozen=True)
class Entry:
    """What stands on the page of a new run.

    `texts` are those of the form; where YAML is shown that cannot be read, what the form had before.
    `yaml` is None where the form is shown.
    """

    form: RunForm
    recipe: str
    texts: Texts
    source: Run | None = None
    yaml: YamlView | None = None
    errors: Errors | None = None
    opened: str = ""
    switch: Switch | None = None
    is_restored: bool = False

    @cached_property
    def config(self) -> ConfigForm:
        source = _texts_of_run(self.source) if self.source else None
        return ConfigForm(load_recipe(self.recipe), self.texts, self.errors, self.opened, source)

    @property
    def is_unreadable(self) -> bool:
        """Whether YAML is shown that the form could not show."""
        return bool(self.yaml and not self.yaml.is_readable)

    @property
    def num_problems(self) -> int:
        return len(self.yaml.problems) if self.yaml else len(self.config.problems)

    def judged(self) -> "tuple[Entry, RunConfig | None]":
        """The same with what is wrong with it, and the configuration where nothing is."""
        if self.is_unreadable:
            return self, None
        form, config = self.config.judged()
        if config is not None or self.yaml is None:
            return replace(self, errors=form.errors), config
        found = tuple(problems_of(self.yaml.text, form.errors))
        return replace(self, errors=form.errors, yaml=replace(self.yaml, problems=found)), None

    def as_yaml(self) -> "Entry":
        return self if self.yaml else self._with_yaml()

    def _with_yaml(self) -> "Entry":
        return replace(self, yaml=YamlView(yaml_of(self.texts)))

    def as_form(self) -> "Entry":
        """The form; the YAML as it is where the form cannot show it."""
        return self if self.is_unreadable else replace(self, yaml=None)

    def on_recipe(self, recipe: str) -> "Entry":
        """On another recipe, with what was changed by hand on top; the YAML as it is where it cannot be read."""
        if self.is_unreadable:
            return self
        before, after = (texts_of(load_recipe(name).model_dump(mode="json")) for name in (self.recipe, recipe))
        switch = switch_recipe(self.texts, before, after)
        moved = replace(self, recipe=recipe, texts=switch.texts, errors=None, switch=switch)
        return moved._with_yaml() if self.yaml else moved

    def edited(self, post) -> "Entry | None":
        """With what a button in the form or beside it changed; None where none was pressed."""
        changed = None if self.is_unreadable else self.config.edited(post)
        if changed is None:
            return None
        return replace(self, opened=changed.opened).with_texts(changed.texts)

    def with_texts(self, texts: Texts) -> "Entry":
        """With these texts in the form, unjudged."""
        moved = replace(self, texts=texts, errors=None)
        return moved._with_yaml() if self.yaml else moved


def entry_of_recipe(name: str, recipe: str) -> Entry:
    """The page as it opens on a recipe; on the first where there is no such recipe, which the form then says."""
    form = RunForm({"recipe": recipe, "name": name, "priority": 0, "num_gpus": 1})
    known = recipe if form.is_valid() else FIRST_RECIPE
    return Entry(form, known, texts_of(load_recipe(known).model_dump(mode="json")))


def entry_of_clone(source: Run) -> Entry:
    """The page filled as the run was; what an older release did not know is the recipe's."""
    asked = {"recipe": source.recipe, "priority": source.priority, "num_gpus": source.num_gpus}
    form = RunForm({**asked, "like": str(source.id), "name": ""})
    known = source.recipe if form.is_valid() else FIRST_RECIPE
    return Entry(form, known, _texts_of_run(source), source)


def entry_of_post(user: User, post) -> Entry:
    """The page as it was sent (a QueryDict), unjudged."""
    form = RunForm(post)
    form.is_valid()
    recipe = post.get("shown_recipe", "")
    recipe = recipe if form.knows(recipe) else form.cleaned_data.get("recipe", FIRST_RECIPE)
    like = parse_run_id(post.get("like", ""))
    source = visible_runs(user).filter(id=like).first() if like else None
    texts = texts_in(post)
    if post.get("shown") != YAML:
        return Entry(form, recipe, texts, source)
    text = post.get("yaml", "").replace("\r\n", "\n")
    try:
        return Entry(form, recipe, texts_of_yaml(text, texts), source, YamlView(text))
    except YamlInvalid as invalid:
        return Entry(form, recipe, texts, source, YamlView(text, tuple(invalid.problems), False))


def _texts_of_run(run: Run) -> Texts:
    """What an older release did not know is its recipe's, or the first one's where that is gone."""
    recipe = run.recipe if RunForm().knows(run.recipe) else FIRST_RECIPE
    return texts_of(load_recipe(recipe).model_dump(mode="json")) | texts_of(run.config)
