"""Words of RO-Crate 1.1, as far as this workflow's crates use them, for a validator that has no network."""

_SCHEMA = """
    name description license datePublished about hasPart mentions mainEntity version url identifier alternateName author
    agent encodingFormat additionalType workExample exampleOfWork instrument object result endTime runtimePlatform
    programmingLanguage CreativeWork Dataset SoftwareSourceCode ComputerLanguage CreateAction Organization
"""
CONTEXT = {
    **{word: f"http://schema.org/{word}" for word in _SCHEMA.split()},
    "File": "http://schema.org/MediaObject",
    "conformsTo": "http://purl.org/dc/terms/conformsTo",
    "ComputationalWorkflow": "https://bioschemas.org/ComputationalWorkflow",
    "FormalParameter": "https://bioschemas.org/FormalParameter",
    "input": "https://bioschemas.org/ComputationalWorkflow#input",
    "output": "https://bioschemas.org/ComputationalWorkflow#output",
}
