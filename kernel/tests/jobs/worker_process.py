"""A process that runs jobs of the sample plugin, as `headgate work` does, with a lease of one second."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "sample_plugins"))

import headgate_sample.plugin
from headgate_kernel.config import Settings
from headgate_kernel.jobs.working import work_until_stopped
from headgate_kernel.plugins.discovery import InstalledPlugin
from headgate_kernel.plugins.host import PluginHost

_, app_url, platform_url, folder = sys.argv
settings = Settings(
    app_database_url=app_url, platform_database_url=platform_url, data_dir=Path(folder), secret_key=b"-" * 32
)
host = PluginHost([InstalledPlugin(headgate_sample.plugin.manifest, headgate_sample.plugin)])
asyncio.run(
    work_until_stopped(
        settings, host, slots=2, lease=timedelta(seconds=1), when_ready=lambda: print("ready", flush=True)
    )
)
