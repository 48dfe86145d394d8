"""The e-mails of the built-in features."""

from pathlib import Path

from flask_watchword.service.features.table import FEATURES, notification_kinds, template_folders
from flask_watchword.service.mail.rendering import MailTemplates

KINDS = [one.kind for one in notification_kinds(FEATURES)]
WITH_CODE = {one.kind for one in notification_kinds(FEATURES) if one.page}


def mail_templates(product: str, folder: Path | None = None) -> MailTemplates:
    return MailTemplates(product, notification_kinds(FEATURES), template_folders(FEATURES), folder)
