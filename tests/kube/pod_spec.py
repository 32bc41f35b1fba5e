"""What a pod's spec means on this machine: its volumes as folders, its containers as commands.

A container sees the file system of the machine. So wherever a string of its command, arguments or
environment names a path in a volume, the path of that volume's folder takes its place.
"""
import base64
import os
import pathlib
import re

SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
# What a sanitizer reads, and what starting a program needs.
KEPT = ("PATH", "HOME", "LANG", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS")


class NotReady(Exception):
    """Something that the pod needs is not there (yet); the kubelet tries again."""


class PodSpec:
    """One pod, with the address it has been given. Reads Secrets and ConfigMaps through `plane`."""

    def __init__(self, plane, pod, address, folder):
        self.plane = plane
        self.pod = pod
        self.address = address
        self.folder = pathlib.Path(folder)
        self.namespace = pod["metadata"]["namespace"]

    # -- volumes --------------------------------------------------------------------------------

    def make_volumes(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        for volume in self.pod["spec"].get("volumes", []):
            folder = self.folder / "volumes" / volume["name"]
            folder.mkdir(parents=True, exist_ok=True)
            for name, data in self._files(volume):
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)

    def _files(self, volume):
        """Yields (relative path, bytes)."""
        if "secret" in volume:
            yield from self._keys("Secret", volume["secret"], volume["secret"]["secretName"])
        elif "configMap" in volume:
            yield from self._keys("ConfigMap", volume["configMap"], volume["configMap"]["name"])
        elif "projected" in volume:
            for source in volume["projected"]["sources"]:
                yield from self._projected(source)
        elif "downwardAPI" in volume:
            yield from self._projected(volume)
        elif "persistentVolumeClaim" in volume:
            claim = self.plane.folder / "claims" / volume["persistentVolumeClaim"]["claimName"]
            if not claim.is_dir():
                raise NotReady(f"persistentvolumeclaim {claim.name} not found")
            for path in claim.rglob("*"):
                if path.is_file():
                    yield str(path.relative_to(claim)), path.read_bytes()
        elif "emptyDir" not in volume:
            raise NotReady(f"volume {volume['name']} is of a kind that this kubelet does not know")

    def _projected(self, source):
        if "serviceAccountToken" in source:
            wanted = source["serviceAccountToken"]
            account = self.pod["spec"].get("serviceAccountName", "default")
            token = self.plane.token_of(
                self.namespace, account, wanted.get("expirationSeconds", 3600),
                {"kind": "Pod", "apiVersion": "v1", "name": self.pod["metadata"]["name"],
                 "uid": self.pod["metadata"]["uid"]})
            yield wanted["path"], token.encode()
        for kind, key in (("Secret", "secret"), ("ConfigMap", "configMap")):
            if key in source:
                yield from self._keys(kind, source[key], source[key]["name"])
        for item in source.get("downwardAPI", {}).get("items", []):
            yield item["path"], self._field(item["fieldRef"]["fieldPath"]).encode()

    def _keys(self, kind, source, name):
        data = self._data(kind, name, source.get("optional", False))
        for item in source.get("items") or [{"key": key, "path": key} for key in data]:
            if item["key"] not in data:
                raise NotReady(f"{kind} {name} has no key {item['key']}")
            yield item["path"], data[item["key"]]

    def _data(self, kind, name, optional=False):
        """{key: bytes}"""
        plural = {"Secret": "secrets", "ConfigMap": "configmaps"}[kind]
        found = self.plane.api.find(f"/api/v1/namespaces/{self.namespace}/{plural}/{name}")
        if found is None:
            if optional:
                return {}
            raise NotReady(f'{kind.lower()} "{name}" not found')
        decoded = {key: base64.b64decode(value)
                   for key, value in (found.get("binaryData") or {}).items()}
        for key, value in (found.get("data") or {}).items():
            decoded[key] = base64.b64decode(value) if kind == "Secret" else value.encode()
        return decoded

    # -- containers -----------------------------------------------------------------------------

    def command(self, container, programs):
        """(argument list, environment); `programs` is the folder with the programs of the image."""
        environment = self._environment(container)
        words = [*container.get("command", []), *container.get("args", [])]
        if not words:
            raise NotReady(f"container {container['name']} must have a command: there is no image")
        words = [self._here(container, _expand(word, environment)) for word in words]
        program = pathlib.Path(programs) / pathlib.Path(words[0]).name
        if not program.exists():
            raise NotReady(f"no program {program.name} in {programs}")
        base = {name: os.environ[name] for name in KEPT if name in os.environ}
        host, port = self.plane.address.split(":")
        base.update(KUBERNETES_SERVICE_HOST=host, KUBERNETES_SERVICE_PORT=port,
                    HOSTNAME=self.pod["metadata"]["name"])
        if self._mount(container, SERVICE_ACCOUNT):
            # Programs look for the account at a path of their own; a kubeconfig says the same.
            base["KUBECONFIG"] = str(self._kubeconfig(container))
        return [str(program), *words[1:]], {**base, **environment}

    def _mount(self, container, path):
        """The folder of the volume that is mounted at `path`, or None."""
        for mount in container.get("volumeMounts", []):
            if mount["mountPath"].rstrip("/") == path:
                return self.folder / "volumes" / mount["name"] / mount.get("subPath", "")
        return None

    def _here(self, container, text):
        mounts = {mount["mountPath"].rstrip("/") for mount in container.get("volumeMounts", [])}
        for path in sorted(mounts, key=len, reverse=True):
            text = re.sub(rf"(?<![\w/.-]){re.escape(path)}(?![\w.-])",
                          lambda _, path=path: str(self._mount(container, path)), text)
        # All pods share this machine: what listens everywhere listens on the pod's address.
        text = re.sub(r"(?:(?<![\d.])0\.0\.0\.0|\[::\])(?=:\d)", self.address, text)
        return re.sub(r"\b([a-z][-a-z0-9]*)\.([-a-z0-9]+)\.svc:(\d+)", self._endpoint, text)

    def _endpoint(self, found):
        """NAME.NAMESPACE.svc:PORT as the address of a ready pod: nobody here answers a Service."""
        name, namespace, port = found.groups()
        base = f"/api/v1/namespaces/{namespace}"
        service = self.plane.api.find(f"{base}/services/{name}")
        if service is None:
            raise NotReady(f"no Service {namespace}/{name}")
        target = next((item["targetPort"] for item in service["spec"]["ports"]
                       if item["port"] == int(port)), port)
        wanted = service["spec"]["selector"].items()
        for pod in self.plane.api.get(f"{base}/pods")["items"]:
            ready = any(item["type"] == "Ready" and item["status"] == "True"
                        for item in pod.get("status", {}).get("conditions", []))
            if ready and wanted <= pod["metadata"].get("labels", {}).items():
                ports = {item.get("name"): item["containerPort"]
                         for container in pod["spec"]["containers"]
                         for item in container.get("ports", [])}
                return f"{pod['status']['podIP']}:{ports.get(target, target)}"
        raise NotReady(f"Service {namespace}/{name} has no ready pod")

    def _kubeconfig(self, container):
        path = self.folder / "service-account.kubeconfig"
        token = self._mount(container, SERVICE_ACCOUNT) / "token"
        path.write_text(self.plane.kubeconfig_text({"tokenFile": str(token)}, self.namespace))
        return path

    def _environment(self, container):
        environment = {}
        for source in container.get("envFrom", []):
            for kind, key in (("Secret", "secretRef"), ("ConfigMap", "configMapRef")):
                if key in source:
                    data = self._data(kind, source[key]["name"], source[key].get("optional"))
                    for name, value in data.items():
                        environment[source.get("prefix", "") + name] = value.decode()
        for variable in container.get("env", []):
            value = self._value(variable)
            if value is not None:
                environment[variable["name"]] = self._here(container, _expand(value, environment))
        return environment

    def _value(self, variable):
        source = variable.get("valueFrom")
        if source is None:
            return variable.get("value", "")
        if "fieldRef" in source:
            return self._field(source["fieldRef"]["fieldPath"])
        if "resourceFieldRef" in source:
            return "1"
        kind, key = (("Secret", "secretKeyRef") if "secretKeyRef" in source else
                     ("ConfigMap", "configMapKeyRef"))
        wanted = source[key]
        data = self._data(kind, wanted["name"], wanted.get("optional"))
        if wanted["key"] not in data:
            if wanted.get("optional"):
                return None
            raise NotReady(f"{kind} {wanted['name']} has no key {wanted['key']}")
        return data[wanted["key"]].decode()

    def _field(self, path):
        """The downward API."""
        metadata, spec = self.pod["metadata"], self.pod["spec"]
        found = re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path)
        if found:
            return metadata.get(found[1], {}).get(found[2], "")
        return {
            "metadata.name": metadata["name"], "metadata.namespace": self.namespace,
            "metadata.uid": metadata["uid"], "spec.nodeName": spec.get("nodeName", ""),
            "spec.serviceAccountName": spec.get("serviceAccountName", "default"),
            "status.podIP": self.address, "status.podIPs": self.address,
            "status.hostIP": "127.0.0.1",
        }[path]


def _expand(text, environment):
    """$(NAME) as Kubernetes has it: unknown names stay, $$ is a dollar."""
    def replace(found):
        if found[0] == "$$":
            return "$"
        return environment.get(found[1], found[0])
    return re.sub(r"\$\$|\$\(([A-Za-z_][\w.-]*)\)", replace, text)
