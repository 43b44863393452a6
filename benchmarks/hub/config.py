"""The hub of the load test: on loopback, without passwords: each student a process and a folder of their own."""

import os
import sys
from pathlib import Path

from traitlets.config import get_config

c = get_config()
place = Path(os.environ["HUB_PLACE"])

c.JupyterHub.bind_url = f"http://127.0.0.1:{os.environ['HUB_PORT']}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{os.environ['HUB_INNER_PORT']}"
c.JupyterHub.db_url = f"sqlite:///{place / 'hub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(place / "cookie_secret")
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.concurrent_spawn_limit = 0
c.JupyterHub.log_level = "WARN"
c.ConfigurableHTTPProxy.command = [os.environ["HUB_PROXY"]]
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{os.environ['HUB_PROXY_PORT']}"
c.ConfigurableHTTPProxy.pid_file = str(place / "proxy.pid")

c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = str(place / "{username}")
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
# No language servers and no terminals, since a lesson needs neither. It saves hardly anything: 125 MB in place of 126.
UNUSED = ("jupyter_lsp", "jupyter_server_terminals")
c.Spawner.args = [
    "--allow-root",
    *(f"--ServerApp.jpserver_extensions={name}=False" for name in UNUSED),
]
c.Spawner.start_timeout = c.Spawner.http_timeout = 200
c.Spawner.environment = {
    # Settings that are the students' own, whatever whoever runs this has at home.
    "JUPYTER_CONFIG_DIR": str(place / "config"),
    "IPYTHONDIR": str(place / "ipython"),
    # Linux: what was freed goes back at once; some 10 MB for each kernel that has drawn figures.
    "MALLOC_TRIM_THRESHOLD_": "100000",
    # One heap for all threads: they hardly ever ask for memory at the same moment.
    "MALLOC_ARENA_MAX": "1",
}

c.JupyterHub.services = [{"name": "class", "api_token": os.environ["HUB_TOKEN"]}]
c.JupyterHub.load_roles = [
    {
        "name": "class",
        "services": ["class"],
        "scopes": ["admin:users", "admin:servers", "access:servers"],
    }
]
