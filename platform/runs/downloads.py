"""What may be taken home from a run: checkpoints, the configuration, the log."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from runs import selectors
from runs.config_texts import as_yaml
from runs.models import Checkpoint, Run
from runs.zip_stream import BLOCK, FolderZip

LORA_FILE = "pytorch_lora_weights.safetensors"


@require_GET
def checkpoint_zip(request: HttpRequest, checkpoint_id: int) -> HttpResponse:
    """The whole folder, as the engine can resume from it."""
    checkpoint = get_object_or_404(selectors.visible_checkpoints(request.user), id=checkpoint_id)
    try:
        content = FolderZip(_folder(checkpoint))
    except FileNotFoundError:
        return _removed(request, checkpoint)
    return _attachment(aiter(content), _file_name(checkpoint, "zip"), "application/zip")


@require_GET
def checkpoint_lora(request: HttpRequest, checkpoint_id: int) -> HttpResponse:
    """The LoRA alone, as diffusers loads it."""
    checkpoint = get_object_or_404(selectors.visible_checkpoints(request.user), id=checkpoint_id)
    try:
        file = (_folder(checkpoint) / LORA_FILE).open("rb")
    except FileNotFoundError:
        return _removed(request, checkpoint)
    return _attachment(_read(file), _file_name(checkpoint, "safetensors"), "application/octet-stream")


@require_GET
def run_config(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    run = get_object_or_404(selectors.visible_runs(request.user), id=run_id)
    headers = {"Content-Disposition": f'attachment; filename="{_stem(run)}.yaml"'}
    return HttpResponse(as_yaml(run.config), content_type="application/yaml; charset=utf-8", headers=headers)


@require_GET
def run_log_text(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """The whole log as plain text."""
    run = get_object_or_404(selectors.visible_runs(request.user), id=run_id)
    lines = selectors.visible_log(request.user).filter(run=run).order_by("id")
    return StreamingHttpResponse(_log_blocks(lines), content_type="text/plain; charset=utf-8")


async def _log_blocks(lines) -> AsyncIterator[str]:
    async for line in lines.aiterator(chunk_size=1000):
        yield f"{line.time:%Y-%m-%d %H:%M:%S} {line.level:7} {line.message}\n"


async def _read(file) -> AsyncIterator[bytes]:
    with file:
        while block := await sync_to_async(file.read, thread_sensitive=False)(BLOCK):
            yield block


def _folder(checkpoint: Checkpoint) -> Path:
    """The checkpoint's folder. What an engine wrote into the database cannot lead out of its run folder."""
    run_folder = (Path(settings.MEDIA_ROOT) / checkpoint.run.folder).resolve()
    folder = (run_folder / checkpoint.path).resolve()
    if not folder.is_relative_to(run_folder):
        raise Http404("This checkpoint lies outside its run folder.")
    return folder


def _removed(request: HttpRequest, checkpoint: Checkpoint) -> HttpResponse:
    return render(request, "410.html", {"run": checkpoint.run}, status=410)


def _attachment(content, name: str, content_type: str) -> StreamingHttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(content, content_type=content_type, headers=headers)


def _file_name(checkpoint: Checkpoint, extension: str) -> str:
    return f"{_stem(checkpoint.run)}-{Path(checkpoint.path).name}.{extension}"


def _stem(run: Run) -> str:
    return slugify(run.name) or "run"
