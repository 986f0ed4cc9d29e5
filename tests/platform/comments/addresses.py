"""Who may open the addresses of comments, of the inbox, and of the page of one picture."""

from django.db.models import QuerySet

from comments.models import Comment
from comments.services import add_comment
from comments.subjects import find_subject
from pictures.refs import ref_of
from teams.models import Team
from tests.platform.access import PUBLIC, SIGNED_IN, TEAM, Access
from tests.platform.lab import Lab, add_run, add_sample

COMMENT = {"comment_id": "comment"}

GET_REFUSED = (302, 405, 405, 405, 405)
TEAM_IS_LED = (302, 404, 302, 302, 302)
# A member wrote it.
ITS_AUTHOR = (302, 404, 404, 200, 404)
ITS_AUTHOR_DOES = (302, 404, 404, 302, 404)
ITS_AUTHOR_AND_OWNERS_DO = (302, 404, 403, 302, 302)

ACCESS = {
    "picture": [Access(TEAM, kwargs={"ref": "picture_ref"})],
    "comment_thread": [
        Access(TEAM, query="?about={commented}"),
        Access(TEAM, query="?about={picture_ref}"),
        Access(TEAM, query="?about={commented}@0"),
        Access((302, 404, 404, 404, 404), query="?about=x"),
    ],
    "comment_list": [Access(TEAM, query="?about={commented}")],
    "comment_new": [
        Access(GET_REFUSED),
        Access(TEAM_IS_LED, post={"about": "{commented}", "text": "well"}),
        Access((302, 404, 422, 422, 422), post={"about": "{picture_ref}", "text": " "}),
    ],
    "comment": [Access(TEAM_IS_LED, kwargs=COMMENT)],
    "comment_edit": [
        Access(ITS_AUTHOR, kwargs=COMMENT),
        Access(ITS_AUTHOR_DOES, kwargs=COMMENT, post={"text": "better"}),
    ],
    "comment_delete": [
        Access(GET_REFUSED, kwargs=COMMENT),
        Access(ITS_AUTHOR_AND_OWNERS_DO, kwargs=COMMENT, post={}),
    ],
    "inbox": [Access(SIGNED_IN)],
    "inbox_read": [Access(GET_REFUSED), Access((302,) * len(PUBLIC), post={})],
}


def make_things(lab: Lab) -> dict:
    run = add_run(lab.experiment, "commented", created_by=lab.owner)
    comment = add_comment(lab.member, find_subject(lab.member, str(run.id)), "good")
    return {"commented": run.id, "comment": comment.id, "picture_ref": ref_of(add_sample(run, 4))}


def rows_of(team: Team) -> list[QuerySet]:
    return [Comment.objects.filter(team=team)]
