export default () => <h1>a page</h1>
