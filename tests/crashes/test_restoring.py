"""After an old backup is restored, destinations without a record are listed."""

from __future__ import annotations

from tests.crashes.scene import Scene


def test_destinations_created_after_the_backup_are_listed(scene: Scene) -> None:
    backup = scene.storage.copied()
    scene.send(scene.form("Made after the backup"))
    [made] = scene.ids()

    assert f"unrecorded {made} " in scene.product.manage("reconcile", "--unrecorded", DATABASE_URL=backup)
    assert made not in scene.product.manage("reconcile", "--unrecorded")
    scene.product.manage("verify_history", DATABASE_URL=backup)
